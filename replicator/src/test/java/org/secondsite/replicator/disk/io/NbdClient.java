package org.secondsite.replicator.disk.io;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A plain NBD client without structured replies: what a test says is what is sent. */
final class NbdClient implements AutoCloseable {
    /** An answer; the data of a READ, otherwise empty. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Answer(int error, long cookie, byte[] data) {}

    private final SocketChannel channel;
    private final Map<Long, Integer> reads = new HashMap<>();

    private NbdClient(SocketChannel channel) {
        this.channel = channel;
    }

    static NbdClient connect(Path socket, String name) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        NbdClient client = new NbdClient(channel);
        try {
            client.receive(18);
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            client.send(ByteBuffer.allocate(4 + 16 + bytes.length)
                    .putInt(3)
                    .putLong(0x49484156454F5054L)
                    .putInt(1)
                    .putInt(bytes.length)
                    .put(bytes)
                    .array());
            client.receive(10);
            return client;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    void read(long cookie, long offset, int length) throws IOException {
        reads.put(cookie, length);
        send(request(0, cookie, offset, length, new byte[0]));
    }

    void write(long cookie, long offset, byte[] data) throws IOException {
        send(request(1, cookie, offset, data.length, data));
    }

    void flush(long cookie) throws IOException {
        send(request(3, cookie, 0, 0, new byte[0]));
    }

    void trim(long cookie, long offset, int length) throws IOException {
        send(request(4, cookie, offset, length, new byte[0]));
    }

    void zero(long cookie, long offset, int length) throws IOException {
        send(request(6, cookie, offset, length, new byte[0]));
    }

    Answer answer() throws IOException {
        ByteBuffer head = receive(16);
        if (head.getInt() != 0x67446698) {
            throw new IOException("not a simple reply");
        }
        int error = head.getInt();
        long cookie = head.getLong();
        Integer length = reads.remove(cookie);
        return new Answer(
                error,
                cookie,
                length == null || error != 0 ? new byte[0] : receive(length).array());
    }

    void send(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    private static byte[] request(int command, long cookie, long offset, int length, byte[] data) {
        return ByteBuffer.allocate(28 + data.length)
                .putInt(0x25609513)
                .putShort((short) 0)
                .putShort((short) command)
                .putLong(cookie)
                .putLong(offset)
                .putInt(length)
                .put(data)
                .array();
    }

    private ByteBuffer receive(int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the server hung up");
            }
        }
        return buffer.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
