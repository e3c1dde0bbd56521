package org.secondsite.bench.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** TCP connections that carry as much as they can out of a VM. Closing it ends them. */
final class TcpLoad implements AutoCloseable {
    private static final int CONNECTIONS = 16;
    private static final int PORT = 9100;
    private static final int CALL_BYTES = 256 << 10;

    private final List<SocketChannel> channels = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final LongAdder bytes = new LongAdder();
    private volatile boolean stopped;

    /** Connects all, and starts to send. */
    TcpLoad(Site site) throws IOException {
        ServerSocketChannel server = site.in("up", () -> {
            ServerSocketChannel opened = ServerSocketChannel.open();
            opened.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            return opened.bind(new InetSocketAddress(site.uplinkAddress(), PORT), CONNECTIONS);
        });
        try (server) {
            for (int i = 0; i < CONNECTIONS; i++) {
                SocketChannel sender =
                        site.in("vm", () -> SocketChannel.open(new InetSocketAddress(site.uplinkAddress(), PORT)));
                channels.add(sender);
                SocketChannel receiver = server.accept();
                channels.add(receiver);
                threads.add(Thread.ofPlatform()
                        .name("recv-" + site.contender().label() + "-" + i)
                        .start(() -> receive(receiver)));
                threads.add(Thread.ofPlatform()
                        .name("send-" + site.contender().label() + "-" + i)
                        .start(() -> send(sender)));
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Bytes that have been received on all connections together. */
    long bytes() {
        return bytes.sum();
    }

    private void send(SocketChannel channel) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(CALL_BYTES);
        try {
            while (!stopped) {
                buffer.clear();
                channel.write(buffer);
            }
        } catch (IOException e) {
            note(e);
        }
    }

    private void receive(SocketChannel channel) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(CALL_BYTES);
        try {
            int count = 0;
            while (count >= 0) {
                bytes.add(count);
                buffer.clear();
                count = channel.read(buffer);
            }
        } catch (IOException e) {
            note(e);
        }
    }

    private void note(IOException e) {
        if (!stopped && !(e instanceof AsynchronousCloseException)) {
            System.err.println("a connection of the load broke: " + e);
        }
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        for (SocketChannel channel : channels) {
            // Nothing that is still queued is of interest.
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            channel.close();
        }
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
