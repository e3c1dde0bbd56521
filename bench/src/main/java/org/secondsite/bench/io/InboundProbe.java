package org.secondsite.bench.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.locks.LockSupport;
import org.secondsite.bench.Figures;

/** Small UDP packets from the uplink to the VM, and how long each was on its way: one clock, one process. */
final class InboundProbe {
    private static final int PORT = 9200;
    private static final long GAP_NANOS = 1_000_000;
    private static final int WARM_UP = 100;
    private static final int PAYLOAD_BYTES = 64;
    private static final long LAST = -1;

    private InboundProbe() {}

    /**
     * Sends them a millisecond apart.
     *
     * @return the one-way time that half of them did not exceed, in microseconds
     */
    static double p50Micros(Site site, int packets) throws IOException {
        long[] nanos = new long[packets + WARM_UP];
        SocketAddress vm = new InetSocketAddress(VmFrames.address(0), PORT);
        try (DatagramChannel receiver =
                        site.in("vm", () -> DatagramChannel.open().bind(vm));
                DatagramChannel sender = site.in("up", () -> DatagramChannel.open())) {
            int[] count = new int[1];
            Thread reader = Thread.ofPlatform().name("inbound").start(() -> count[0] = read(receiver, nanos));
            ByteBuffer packet = ByteBuffer.allocateDirect(PAYLOAD_BYTES);
            for (int i = 0; i < nanos.length; i++) {
                LockSupport.parkNanos(GAP_NANOS);
                packet.clear();
                packet.putLong(0, System.nanoTime());
                sender.send(packet, vm);
            }
            while (reader.isAlive()) {
                packet.clear();
                packet.putLong(0, LAST);
                sender.send(packet, vm);
                LockSupport.parkNanos(GAP_NANOS);
            }
            if (count[0] < nanos.length) {
                throw new IOException("only %d of %d packets came in".formatted(count[0], nanos.length));
            }
        }
        return Figures.p50(java.util.Arrays.copyOfRange(nanos, WARM_UP, nanos.length)) / 1000.0;
    }

    private static int read(DatagramChannel receiver, long[] nanos) {
        ByteBuffer packet = ByteBuffer.allocateDirect(PAYLOAD_BYTES);
        int count = 0;
        try {
            while (true) {
                packet.clear();
                receiver.receive(packet);
                long nowNanos = System.nanoTime();
                long sentNanos = packet.getLong(0);
                if (sentNanos == LAST) {
                    return count;
                }
                nanos[count++] = nowNanos - sentNanos;
            }
        } catch (IOException e) {
            return count;
        }
    }
}
