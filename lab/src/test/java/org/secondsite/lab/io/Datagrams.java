package org.secondsite.lab.io;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.secondsite.config.IpPrefix;

/**
 * A client that asks a VM for every number after the last one, and the VM, which answers: nothing is sent again, so one datagram that is
 * lost, or overtaken, is found out.
 */
final class Datagrams implements AutoCloseable {
    private static final int PORT = 7000;
    private static final int PAUSE_MS = 20;
    private static final int READ_MS = 1_000;
    private static final InetAddress VM = IpPrefix.parseAddress("203.0.113.10");
    private static final InetAddress CLIENT = IpPrefix.parseAddress("198.51.100.10");

    private final DatagramSocket vm;
    private final DatagramSocket client;
    private final AtomicLong asked = new AtomicLong();
    private final AtomicLong answered = new AtomicLong();
    private final AtomicLong wrong = new AtomicLong();
    private volatile boolean asks;
    private volatile boolean ended;

    Datagrams(String vmNamespace, String clientNamespace) throws IOException {
        vm = NetworkNamespace.call(vmNamespace, () -> new DatagramSocket(new InetSocketAddress(VM, PORT)));
        client = NetworkNamespace.call(clientNamespace, () -> new DatagramSocket(new InetSocketAddress(CLIENT, 0)));
        vm.setSoTimeout(READ_MS);
        client.setSoTimeout(READ_MS);
        Thread.ofPlatform().daemon().name("vm").start(this::answer);
        Thread.ofPlatform().daemon().name("client").start(this::hear);
        Thread.ofPlatform().daemon().name("asker").start(this::ask);
    }

    /** Begins to ask. */
    void begin() {
        asks = true;
    }

    /** Stops asking, so that what is under way can come back. */
    void pause() {
        asks = false;
    }

    long asked() {
        return asked.get();
    }

    long answered() {
        return answered.get();
    }

    /** Answers that were not the next ones. */
    long wrong() {
        return wrong.get();
    }

    private interface Step {
        void run() throws IOException, InterruptedException;
    }

    private void repeat(Step step) {
        while (!ended) {
            try {
                step.run();
            } catch (SocketTimeoutException e) {
                // Nothing was said.
            } catch (IOException e) {
                if (!ended) {
                    throw new IllegalStateException(e);
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void answer() {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        repeat(() -> {
            vm.receive(packet);
            vm.send(packet);
        });
    }

    private void hear() {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        repeat(() -> {
            client.receive(packet);
            long number = ByteBuffer.wrap(packet.getData()).getLong();
            if (answered.getAndSet(number) != number - 1) {
                wrong.incrementAndGet();
            }
        });
    }

    private void ask() {
        repeat(() -> {
            Thread.sleep(PAUSE_MS);
            if (asks) {
                byte[] bytes =
                        ByteBuffer.allocate(Long.BYTES).putLong(asked.get() + 1).array();
                client.send(new DatagramPacket(bytes, bytes.length, VM, PORT));
                asked.incrementAndGet();
            }
        });
    }

    @Override
    public void close() {
        ended = true;
        vm.close();
        client.close();
    }
}
