package org.secondsite.lab.io;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.SwitchCommands;

/** Another controller of a site's switch, which speaks OpenFlow 1.4 by its management socket: becomes its master, and deletes what it finds. */
final class SwitchThief implements AutoCloseable {
    private static final int VERSION = 5;
    private static final int HEADER_BYTES = 8;
    private static final int ERROR = 1;
    private static final int FLOW_MOD = 14;
    private static final int BARRIER_REQUEST = 20;
    private static final int BARRIER_REPLY = 21;
    private static final int ROLE_REQUEST = 24;
    private static final int ROLE_REPLY = 25;
    private static final int MASTER = 2;

    private final SocketChannel channel;

    SwitchThief(Lab lab, Site site) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(SwitchCommands.management(lab.paths(), site)));
        send(0, ByteBuffer.allocate(0));
    }

    /** Is master in this generation, and has deleted every flow, when this returns. */
    void take(long generation) throws IOException {
        send(ROLE_REQUEST, ByteBuffer.allocate(16).putInt(MASTER).putInt(0).putLong(generation));
        await(ROLE_REPLY);
        // OpenFlow 1.4.1 §7.3.4.1: DELETE in all tables, of any port and group, whatever matches.
        send(
                FLOW_MOD,
                ByteBuffer.allocate(48)
                        .putLong(0)
                        .putLong(0)
                        .put((byte) 0xff)
                        .put((byte) 3)
                        .putShort((short) 0)
                        .putShort((short) 0)
                        .putShort((short) 0)
                        .putInt(-1)
                        .putInt(-1)
                        .putInt(-1)
                        .putInt(0)
                        .putShort((short) 1)
                        .putShort((short) 4)
                        .putInt(0));
        send(BARRIER_REQUEST, ByteBuffer.allocate(0));
        await(BARRIER_REPLY);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void send(int type, ByteBuffer body) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(HEADER_BYTES + body.position())
                .put((byte) VERSION)
                .put((byte) type)
                .putShort((short) (HEADER_BYTES + body.position()))
                .putInt(type)
                .put(body.flip())
                .flip();
        while (message.hasRemaining()) {
            channel.write(message);
        }
    }

    private void await(int wanted) throws IOException {
        int type;
        do {
            ByteBuffer header = read(HEADER_BYTES);
            type = header.get(1);
            ByteBuffer body = read(header.getShort(2) - HEADER_BYTES);
            if (type == ERROR) {
                throw new IOException("the switch answers with error " + body.getInt(0));
            }
        } while (type != wanted);
    }

    private ByteBuffer read(int bytes) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(bytes);
        while (read.hasRemaining()) {
            if (channel.read(read) < 0) {
                throw new IOException("the switch has closed the connection");
            }
        }
        return read;
    }
}
