package org.secondsite.buffer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

/** The buffer against the reference, operation by operation, over seeded random schedules. */
class EpochBufferRandomTest {
    private static final int RUNS = 40;
    private static final int OPERATIONS = 20_000;

    @Test
    void behavesAsTheReferenceWithQuotasThatFit() {
        for (long seed = 1; seed <= RUNS; seed++) {
            new Run(seed, false).play();
        }
    }

    @Test
    void behavesAsTheReferenceWhenThePoolIsShort() {
        for (long seed = 1001; seed <= 1000 + RUNS / 3; seed++) {
            new Run(seed, true).play();
        }
    }

    /** One schedule. Every failure names the seed and the step. */
    private static final class Run {
        private final long seed;
        private final Random random;
        private final int lanes;
        private final BufferLimits limits;
        private final long poolBytes;
        private final ReferenceEpochBuffer[] reference;
        private final byte[] scratch = new byte[9000];
        private int step;
        private long noRoom;
        private LendingRing ring;
        private long lentFrames;
        private long movedBlocks;

        Run(long seed, boolean shortPool) {
            this.seed = seed;
            random = new Random(seed);
            lanes = 1 + random.nextInt(5);
            long quota = 10_000L + random.nextInt(60_000);
            limits = new BufferLimits(4096, quota, 9000);
            long full = (long) limits.perVmChunks() * lanes * 4096;
            poolBytes = shortPool ? Math.max(full / 3, 4L * lanes * 4096) : full;
            reference = new ReferenceEpochBuffer[lanes];
            for (int i = 0; i < lanes; i++) {
                reference[i] = new ReferenceEpochBuffer(quota);
            }
        }

        void play() {
            try (Arena arena = Arena.ofConfined()) {
                ring = new LendingRing(arena, random);
                EpochBuffer buffer = new EpochBuffer(arena.allocate(poolBytes, 8), limits, lanes, ring.lent);
                ReleaseCursor cursor = buffer.cursor();
                for (step = 0; step < OPERATIONS; step++) {
                    int lane = random.nextInt(lanes);
                    act(buffer, cursor, lane);
                    if (step % 64 == 0) {
                        compare(buffer, lane);
                    }
                }
                for (int lane = 0; lane < lanes; lane++) {
                    compare(buffer, lane);
                }
                buffer.close();
                for (int lane = 0; lane < lanes; lane++) {
                    assertFalse(buffer.releasable(lane), this::where);
                    assertEquals(0, buffer.counters(lane).heldPackets(), this::where);
                }
                assertEquals(buffer.poolBytes(), buffer.poolFreeBytes(), this::where);
                assertTrue(ring.reclaim(), this::where);
                assertTrue(lentFrames > OPERATIONS / 100, this::where);
                assertTrue(movedBlocks > 10, this::where);
            }
        }

        private void act(EpochBuffer buffer, ReleaseCursor cursor, int lane) {
            ReferenceEpochBuffer model = reference[lane];
            int dice = random.nextInt(100);
            if (dice < 60) {
                arrive(buffer, lane);
            } else if (dice < 62) {
                makeRoom(buffer);
            } else if (dice < 75) {
                drain(buffer, cursor, lane, random.nextInt(20));
            } else if (dice < 86) {
                EpochId id = someEpoch(model);
                assertEquals(model.seal(id), buffer.seal(lane, id), this::where);
            } else if (dice < 95) {
                EpochId id = someEpoch(model);
                assertEquals(model.commit(id), buffer.commit(lane, id), this::where);
            } else if (dice < 98) {
                long term = someTerm(model);
                assertEquals(model.hold(term), buffer.hold(lane, term), this::where);
            } else if (random.nextInt(3) > 0) {
                long term = someTerm(model);
                assertEquals(model.pass(term), buffer.pass(lane, term), this::where);
            } else {
                long term = someTerm(model);
                assertEquals(model.fence(term), buffer.fence(lane, term), this::where);
            }
        }

        private void arrive(EpochBuffer buffer, int lane) {
            int bytes = 1 + (random.nextInt(8) == 0 ? random.nextInt(scratch.length) : random.nextInt(200));
            byte[] frame = new byte[bytes];
            random.nextBytes(frame);
            int tag = random.nextInt();
            Arrival got = offer(buffer, lane, frame, tag);
            // Whether the pool has a chunk is its own affair; all else is the reference's to say.
            boolean poolHasRoom = got != Arrival.NO_ROOM;
            noRoom += poolHasRoom ? 0 : 1;
            assertEquals(
                    reference[lane].arrive(new ReferenceEpochBuffer.Packet(frame, tag), poolHasRoom), got, this::where);
        }

        /** Some frames stay in the ring, the others are copied. */
        private Arrival offer(EpochBuffer buffer, int lane, byte[] frame, int tag) {
            long offset = random.nextBoolean() ? ring.put(frame) : -1;
            if (offset >= 0) {
                lentFrames++;
                return buffer.arriveLent(lane, offset, frame.length, tag, step);
            }
            System.arraycopy(frame, 0, scratch, 0, frame.length);
            return buffer.arrive(lane, MemorySegment.ofArray(scratch), 0, frame.length, tag, step);
        }

        /** The ring is short of memory: what is not committed goes to the pool, at times what is committed as well. */
        private void makeRoom(EpochBuffer buffer) {
            int block = ring.oldest();
            if (block < 0) {
                return;
            }
            movedBlocks++;
            if (buffer.moveUncommitted(block) == 0) {
                assertTrue(ring.lent.free(block), this::where);
            } else if (random.nextInt(3) == 0) {
                buffer.moveAll(block);
                assertTrue(ring.lent.free(block), this::where);
            }
        }

        private void drain(EpochBuffer buffer, ReleaseCursor cursor, int lane, int most) {
            cursor.start(lane);
            List<ReferenceEpochBuffer.Packet> expected = reference[lane].drain(most);
            for (ReferenceEpochBuffer.Packet packet : expected) {
                assertEquals(true, cursor.next(), this::where);
                assertEquals(packet.tag, cursor.tag(), this::where);
                byte[] frame = new byte[cursor.bytes()];
                for (int at = 0; at < frame.length; at += cursor.piece(at)) {
                    MemorySegment.copy(
                            cursor.memory(), cursor.offset(at), MemorySegment.ofArray(frame), at, cursor.piece(at));
                }
                assertArrayEquals(packet.bytes, frame, this::where);
            }
            buffer.released(lane, expected.size());
            assertEquals(!reference[lane].leaving.isEmpty(), buffer.releasable(lane), this::where);
        }

        private EpochId someEpoch(ReferenceEpochBuffer model) {
            long term = someTerm(model);
            long near = model.lastSealed.term() == term ? model.lastSealed.number() : 0;
            return new EpochId(term, Math.max(0, near + 3 - random.nextInt(6)));
        }

        private long someTerm(ReferenceEpochBuffer model) {
            int dice = random.nextInt(50);
            return Math.max(0, model.term + (dice == 0 ? 1 : dice == 1 ? -1 : 0));
        }

        private void compare(EpochBuffer buffer, int lane) {
            ReferenceEpochBuffer model = reference[lane];
            VmCounters got = buffer.counters(lane);
            assertEquals(model.state, got.state(), this::where);
            assertEquals(model.term, got.term(), this::where);
            assertEquals(model.held().size(), got.heldPackets(), this::where);
            assertEquals(model.memoryBytes(), got.heldMemoryBytes(), this::where);
            assertEquals(model.held().stream().mapToLong(p -> p.bytes.length).sum(), got.heldBytes(), this::where);
            assertEquals(model.released, got.releasedPackets(), this::where);
            assertEquals(model.discarded, got.discardedPackets(), this::where);
            assertEquals(model.droppedClosed, got.droppedClosed(), this::where);
            assertEquals(model.droppedQuota, got.droppedQuota(), this::where);
            assertEquals(model.sealedEpochs(), got.sealedEpochs(), this::where);
            assertEquals(model.oldestSealed(), got.oldestSealed(), this::where);
            assertEquals(model.lastSealed, got.lastSealed(), this::where);
            assertEquals(model.lastCommitted, got.lastCommitted(), this::where);
            assertEquals(model.refused, got.refusedCommands(), this::where);
        }

        private String where() {
            return "seed " + seed + ", step " + step + ", dropped for want of chunks " + noRoom;
        }
    }
}
