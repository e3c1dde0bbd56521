package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.VmCounters;
import org.secondsite.config.EpochId;

/**
 * Seals, commits and fences in random order while the VM sends as fast as it can. What the uplink heard is judged
 * afterwards: nothing uncommitted, nothing twice, nothing out of order.
 */
@Tag("lab")
@Timeout(180)
class CommandStormLabTest {
    private static final int PHASES = 50;
    private static final int COMMANDS = 200;

    private final AtomicLong sent = new AtomicLong();
    private RoutedSite site;

    /** What may be heard of the packets that were sent in a phase: those up to a number. */
    private record Phase(long first, long last, long allowedUpTo) {}

    @BeforeEach
    void build() throws IOException {
        site = new RoutedSite();
    }

    @AfterEach
    void remove() {
        site.close();
    }

    @Test
    void tenThousandRandomCommandsUnderLoadLetOutNothingUncommitted() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<Phase> phases = new ArrayList<>();
        try (DataPlane plane = site.open();
                Capture uplink = new Capture(site.namespaces, "up", "eth0", "udp", "port", "9000");
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket())) {
            for (int phase = 1; phase <= PHASES; phase++) {
                phases.add(play(plane, socket, phase, random));
            }
            Thread.sleep(300);
            judge(uplink.frames(), phases, "seed " + seed);
            VmCounters figures = RoutedSite.figures(plane);
            assertTrue(figures.releasedPackets() > 1000, "seed " + seed + ": " + figures);
            assertTrue(figures.discardedPackets() > 1000, "seed " + seed + ": " + figures);
        }
    }

    private Phase play(DataPlane plane, DatagramSocket socket, long term, Random random) throws Exception {
        long first = sent.get() + 1;
        RoutedSite.hold(plane, term);
        Flood flood = new Flood(socket, sent);
        long[] sentAtSeal = new long[COMMANDS + 1];
        long sealed = 0;
        long committed = 0;
        for (int i = 0; i < COMMANDS; i++) {
            if (random.nextInt(3) > 0) {
                int number = (int) ++sealed;
                CountDownLatch done = new CountDownLatch(1);
                plane.seal(RoutedSite.VM, new EpochId(term, number), () -> {
                    sentAtSeal[number] = sent.get();
                    done.countDown();
                });
                assertTrue(done.await(5, TimeUnit.SECONDS));
            } else if (sealed > 0) {
                long upTo = 1 + random.nextLong(sealed);
                plane.commit(RoutedSite.VM, new EpochId(term, upTo));
                committed = Math.max(committed, upTo);
            }
        }
        flood.stop();
        CountDownLatch fenced = new CountDownLatch(1);
        plane.fence(RoutedSite.VM, term, fenced::countDown);
        assertTrue(fenced.await(5, TimeUnit.SECONDS));
        // All that was sent has to have been seen, or the next phase would hold what this one sent.
        Eventually.holds(() -> seen(plane) >= sent.get(), () -> sent.get() + " sent, " + plane.counters());
        return new Phase(first, sent.get(), sentAtSeal[(int) committed]);
    }

    private static long seen(DataPlane plane) {
        VmCounters figures = RoutedSite.figures(plane);
        assertEquals(0, figures.heldPackets());
        return figures.releasedPackets()
                + figures.discardedPackets()
                + figures.dropped()
                + plane.counters().ringDrops();
    }

    private static void judge(List<byte[]> frames, List<Phase> phases, String seed) {
        long before = 0;
        int phase = 0;
        for (byte[] frame : frames) {
            long number = ByteBuffer.wrap(frame).getLong(42);
            assertTrue(number > before, seed + ": " + number + " after " + before);
            before = number;
            while (number > phases.get(phase).last()) {
                phase++;
            }
            Phase of = phases.get(phase);
            assertTrue(number <= of.allowedUpTo(), seed + ": " + number + " in " + of);
        }
    }

    /** Sends numbered datagrams until it is stopped. */
    private static final class Flood {
        private final Thread thread;
        private volatile boolean stop;

        Flood(DatagramSocket socket, AtomicLong sent) {
            InetAddress target = InetAddress.ofLiteral(RoutedSite.UP_ADDRESS);
            thread = Thread.ofPlatform().name("flood").unstarted(() -> {
                byte[] payload = new byte[8];
                try {
                    while (!stop) {
                        // The number is counted before its packet can arrive anywhere.
                        ByteBuffer.wrap(payload).putLong(sent.incrementAndGet());
                        socket.send(new DatagramPacket(payload, payload.length, target, 9000));
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            thread.start();
        }

        void stop() {
            stop = true;
            assertTrue(PlaneThreads.ended(thread));
        }
    }
}
