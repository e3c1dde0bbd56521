package org.secondsite.lab.embedded;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.secondsite.replicator.agent.SyntheticVm;

/**
 * What client and guest say to each other: numbered requests on many connections, each answered with the number of requests
 * that the guest has counted on that connection.
 *
 * <p>A lost answer is asked for again, and the guest answers the same request the same way, as TCP would have it. A guest
 * that went back in time behind something the client has seen cannot answer: its count does not fit, and the connection is
 * reset. That is what happens when output is let out before its epoch is safe.
 *
 * <pre>
 * frame: u32 connection | u64 number of the request | u64 count (answers only; 0 is a reset)
 * RAM:   page 0 of the guest holds a u64 count for each connection; the pages behind it are scratch
 * </pre>
 */
final class Conversations {
    static final int FRAME_BYTES = 64;

    private static final ValueLayout.OfLong COUNT = ValueLayout.JAVA_LONG;
    private static final int PAGE_BYTES = 4096;
    private static final int TOUCHED_PAGES = 16;

    private Conversations() {}

    static byte[] request(int connection, long number) {
        return ByteBuffer.allocate(FRAME_BYTES)
                .putInt(connection)
                .putLong(number)
                .array();
    }

    /** Runs in the guest: counts, and dirties a little memory as real work would. */
    static Optional<byte[]> answer(SyntheticVm vm, byte[] request, Output output) {
        ByteBuffer asked = ByteBuffer.wrap(request);
        int connection = asked.getInt();
        long number = asked.getLong();
        return vm.run((ram, registers) -> {
            long counted = ram.getAtIndex(COUNT, connection);
            if (number == counted + 1) {
                ram.setAtIndex(COUNT, connection, number);
                touch(ram, registers[0]);
            }
            boolean fits = number == counted + 1 || number == counted;
            byte[] frame = ByteBuffer.allocate(FRAME_BYTES)
                    .putInt(connection)
                    .putLong(number)
                    .putLong(fits ? number : 0)
                    .array();
            output.send(frame);
            return frame;
        });
    }

    private static void touch(MemorySegment ram, long step) {
        long pages = ram.byteSize() / PAGE_BYTES - 1;
        for (int i = 0; i < TOUCHED_PAGES; i++) {
            long page = 1 + (step * TOUCHED_PAGES + i) % pages;
            ram.set(COUNT, page * PAGE_BYTES + step % 500 * Long.BYTES, step);
        }
    }

    /** The guest's network interface. */
    @FunctionalInterface
    interface Output {
        void send(byte[] frame);
    }
}
