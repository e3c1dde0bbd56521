package org.secondsite.replicator.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.secondsite.replicator.PageSet;

/**
 * What differs between two versions of a page, word by word.
 *
 * <p>A guest that runs changes few words of a page, and of those most are counters, clocks and pointers. So a page is taken
 * as 512 little-endian words of 64 bits, and of each word that changed the coder says where it is and, in the shortest of
 * three ways, what it became. This leaves to zstd little to read, and what it reads is regular: three separate streams, of
 * positions, of small numbers and of words.
 *
 * <pre>
 * control   n = distance * 4 + way, where distance is that from the last changed word (or from the word before the page), at
 *           least 1; 0 ends the page. 7 bits a byte, low bits first.
 * way 0     the new word is the old one plus a small number: smalls has it, sign in the lowest bit, 7 bits a byte
 * way 1     the new word is the old one plus the last difference that was not small, on this page or the one before in the
 *           same block: a clock or an index that is stored in many places moves by the same everywhere
 * way 2     the new word is anything: literals has it, 8 bytes
 * </pre>
 *
 * <p>A page with more than {@value #MAX_LITERALS} words of the third way is not coded so: its bytes in their own order shrink
 * better. A few words tell most such pages at once.
 *
 * <p>One coder or decoder serves one block. Not thread-safe.
 */
final class PageDelta {
    static final int WORDS = PageSet.PAGE_BYTES / Long.BYTES;
    static final int MAX_LITERALS = 320;

    /** From one word to the next that is probed: 11 in all, at no two places of a power-of-two structure alike. */
    private static final int PROBE_DISTANCE = 47;

    /** Words looked at together: most pages differ in few places. */
    private static final int GROUP_WORDS = 8;

    /** Differences from -2^20 to 2^20 - 1 are small: 21 bits with the sign, 3 bytes at most. */
    private static final int SMALL_BITS = 20;

    private static final int MAX_SMALL_BYTES = 3;
    private static final int WAY_SMALL = 0;
    private static final int WAY_REPEATED = 1;
    private static final int WAY_LITERAL = 2;
    private static final int WAY_MASK = 3;

    static final int MAX_CONTROL_BYTES = 2 * (WORDS + 1);
    static final int MAX_BYTES = MAX_CONTROL_BYTES
            + Math.max(WORDS * MAX_SMALL_BYTES, MAX_LITERALS * Long.BYTES + (WORDS - MAX_LITERALS) * MAX_SMALL_BYTES);

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle IN_ARRAY =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private PageDelta() {}

    /** Writes the streams of a block. */
    static final class Coder {
        private final byte[] controls = new byte[EpochBlock.MAX_CODED_PAGES * MAX_CONTROL_BYTES];
        private final byte[] smalls = new byte[EpochBlock.MAX_CODED_PAGES * WORDS * MAX_SMALL_BYTES];
        private final byte[] literals = new byte[EpochBlock.MAX_CODED_PAGES * WORDS * Long.BYTES];
        private int controlBytes;
        private int smallBytes;
        private int literalBytes;
        private long lastDifference;

        /** Begins a block. */
        void clear() {
            controlBytes = 0;
            smallBytes = 0;
            literalBytes = 0;
            lastDifference = 0;
        }

        byte[] controls() {
            return controls;
        }

        int controlBytes() {
            return controlBytes;
        }

        byte[] smalls() {
            return smalls;
        }

        int smallBytes() {
            return smallBytes;
        }

        byte[] literals() {
            return literals;
        }

        int literalBytes() {
            return literalBytes;
        }

        /**
         * Appends what differs.
         *
         * @param page the new version, 4096 bytes
         * @param old the memory of the old version
         * @param oldOffset where in it that begins
         * @return the number of words that differ, if it is 0 nothing was appended; or -1 if they are too many, and nothing was
         *     appended either
         */
        int add(MemorySegment page, MemorySegment old, long oldOffset) {
            int controlStart = controlBytes;
            int smallStart = smallBytes;
            int literalStart = literalBytes;
            long differenceBefore = lastDifference;
            int differing = 0;
            int previous = -1;
            if (isAllNew(page, old, oldOffset)) {
                return -1;
            }
            int limit = literalStart + MAX_LITERALS * Long.BYTES;
            for (int group = 0; group < WORDS; group += GROUP_WORDS) {
                long at = (long) group * Long.BYTES;
                long there = oldOffset + at;
                long unequal = (page.get(WORD, at) ^ old.get(WORD, there))
                        | (page.get(WORD, at + 8) ^ old.get(WORD, there + 8))
                        | (page.get(WORD, at + 16) ^ old.get(WORD, there + 16))
                        | (page.get(WORD, at + 24) ^ old.get(WORD, there + 24))
                        | (page.get(WORD, at + 32) ^ old.get(WORD, there + 32))
                        | (page.get(WORD, at + 40) ^ old.get(WORD, there + 40))
                        | (page.get(WORD, at + 48) ^ old.get(WORD, there + 48))
                        | (page.get(WORD, at + 56) ^ old.get(WORD, there + 56));
                if (unequal == 0) {
                    continue;
                }
                for (int word = group; word < group + GROUP_WORDS; word++) {
                    long value = page.get(WORD, (long) word * Long.BYTES);
                    long difference = value - old.get(WORD, oldOffset + (long) word * Long.BYTES);
                    if (difference != 0) {
                        append(word - previous, difference, value);
                        previous = word;
                        differing++;
                    }
                }
                if (literalBytes > limit) {
                    controlBytes = controlStart;
                    smallBytes = smallStart;
                    literalBytes = literalStart;
                    lastDifference = differenceBefore;
                    return -1;
                }
            }
            if (differing > 0) {
                controls[controlBytes++] = 0;
            }
            return differing;
        }

        /** Whether each of a few words all over the page became something else, and not all by the same difference. */
        private static boolean isAllNew(MemorySegment page, MemorySegment old, long oldOffset) {
            long first = page.get(WORD, 0) - old.get(WORD, oldOffset);
            boolean same = true;
            for (int word = 0; word < WORDS; word += PROBE_DISTANCE) {
                long at = (long) word * Long.BYTES;
                long difference = page.get(WORD, at) - old.get(WORD, oldOffset + at);
                if (difference >> SMALL_BITS == difference >> 63) {
                    return false;
                }
                same &= difference == first;
            }
            return !same;
        }

        private void append(int distance, long difference, long value) {
            if (difference == lastDifference) {
                control(distance << 2 | WAY_REPEATED);
            } else if (difference >> SMALL_BITS == difference >> 63) {
                control(distance << 2 | WAY_SMALL);
                int rest = (int) (difference << 1 ^ difference >> 63);
                while (rest > 0x7f) {
                    smalls[smallBytes++] = (byte) ((rest & 0x7f) | 0x80);
                    rest >>>= 7;
                }
                smalls[smallBytes++] = (byte) rest;
            } else {
                control(distance << 2 | WAY_LITERAL);
                IN_ARRAY.set(literals, literalBytes, value);
                literalBytes += Long.BYTES;
                lastDifference = difference;
            }
        }

        private void control(int number) {
            if (number > 0x7f) {
                controls[controlBytes++] = (byte) ((number & 0x7f) | 0x80);
            }
            controls[controlBytes++] = (byte) (number > 0x7f ? number >>> 7 : number);
        }
    }

    /** Reads the streams of a block. */
    static final class Decoder {
        private final MemorySegment streams;
        private int control;
        private final int controlEnd;
        private int small;
        private final int smallEnd;
        private int literal;
        private final int literalEnd;
        private long lastDifference;

        /** Over memory in which controls, smalls and literals follow each other. */
        Decoder(MemorySegment streams, int controlBytes, int smallBytes, int literalBytes) {
            this.streams = streams;
            this.controlEnd = controlBytes;
            this.small = controlBytes;
            this.smallEnd = controlBytes + smallBytes;
            this.literal = smallEnd;
            this.literalEnd = smallEnd + literalBytes;
        }

        /**
         * Makes the new version of a page out of the old one, in place.
         *
         * @throws MalformedEpochException if the streams do not hold a page
         */
        void apply(MemorySegment memory, long offset) throws MalformedEpochException {
            int word = -1;
            for (int number = control(); number != 0; number = control()) {
                word += number >>> 2;
                if (number < 4 || word >= WORDS) {
                    throw new MalformedEpochException("a difference at word " + word);
                }
                long at = offset + (long) word * Long.BYTES;
                switch (number & WAY_MASK) {
                    case WAY_SMALL -> memory.set(WORD, at, memory.get(WORD, at) + small());
                    case WAY_REPEATED -> memory.set(WORD, at, memory.get(WORD, at) + lastDifference);
                    case WAY_LITERAL -> {
                        long value = literal();
                        lastDifference = value - memory.get(WORD, at);
                        memory.set(WORD, at, value);
                    }
                    default -> throw new MalformedEpochException("an unknown way of a difference");
                }
            }
        }

        /** Whether everything was used. */
        boolean isExhausted() {
            return control == controlEnd && small == smallEnd && literal == literalEnd;
        }

        private int control() throws MalformedEpochException {
            int number = 0;
            for (int shift = 0; shift <= 7; shift += 7) {
                if (control == controlEnd) {
                    throw new MalformedEpochException("the controls end within a page");
                }
                byte next = streams.get(ValueLayout.JAVA_BYTE, control++);
                number |= (next & 0x7f) << shift;
                if (next >= 0) {
                    return number;
                }
            }
            throw new MalformedEpochException("a control of more than 2 bytes");
        }

        private long small() throws MalformedEpochException {
            int number = 0;
            for (int shift = 0; shift < 7 * MAX_SMALL_BYTES; shift += 7) {
                if (small == smallEnd) {
                    throw new MalformedEpochException("a small difference is missing");
                }
                byte next = streams.get(ValueLayout.JAVA_BYTE, small++);
                number |= (next & 0x7f) << shift;
                if (next >= 0) {
                    int unfolded = number >>> 1 ^ -(number & 1);
                    return unfolded;
                }
            }
            throw new MalformedEpochException("a small difference of more than " + MAX_SMALL_BYTES + " bytes");
        }

        private long literal() throws MalformedEpochException {
            if (literal == literalEnd) {
                throw new MalformedEpochException("a word is missing");
            }
            long value = streams.get(WORD, literal);
            literal += Long.BYTES;
            return value;
        }
    }
}
