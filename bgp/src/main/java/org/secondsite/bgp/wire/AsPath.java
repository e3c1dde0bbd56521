package org.secondsite.bgp.wire;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * AS_PATH (RFC 4271 §4.3, RFC 6793 §4): segments, the nearest AS first.
 *
 * <pre>
 *  0       1       2
 * +-------+-------+------------------------------
 * | kind  | count | count AS numbers, u16 or u32 ...      repeated
 * +-------+-------+------------------------------
 * </pre>
 */
public record AsPath(List<Segment> segments) implements PathAttribute {
    /** No AS at all: a route that began in the receiver's own AS. */
    public static final AsPath EMPTY = new AsPath(List.of());

    /** Copies the list. */
    public AsPath {
        segments = List.copyOf(segments);
    }

    /** How the numbers of a segment are to be read. */
    public enum Kind {
        SET(1),
        SEQUENCE(2),
        /** RFC 5065 §3, as the next. */
        CONFEDERATION_SEQUENCE(3),
        CONFEDERATION_SET(4);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** The octet on the wire. */
        public int code() {
            return code;
        }

        static Optional<Kind> ofCode(int code) {
            return Arrays.stream(values()).filter(kind -> kind.code == code).findFirst();
        }
    }

    /** A run of AS numbers, each 32 bits unsigned. */
    public record Segment(Kind kind, List<Long> numbers) {
        /** Copies the list. */
        public Segment {
            numbers = List.copyOf(numbers);
        }
    }

    /** One sequence; {@link #EMPTY} when there is no number. */
    public static AsPath sequence(List<Long> numbers) {
        return numbers.isEmpty() ? EMPTY : new AsPath(List.of(new Segment(Kind.SEQUENCE, numbers)));
    }

    /** This path with the AS put in front {@code times} times. */
    public AsPath prepended(long as, int times) {
        if (times == 0) {
            return this;
        }
        List<Long> front = new ArrayList<>(Collections.nCopies(times, as));
        List<Segment> joined = new ArrayList<>(segments);
        if (!joined.isEmpty() && joined.getFirst().kind() == Kind.SEQUENCE) {
            front.addAll(joined.removeFirst().numbers());
        }
        joined.addFirst(new Segment(Kind.SEQUENCE, front));
        return new AsPath(joined);
    }

    /** Whether the AS stands anywhere in the path. */
    public boolean contains(long as) {
        return segments.stream().anyMatch(segment -> segment.numbers().contains(as));
    }

    /** Whether a segment has no order: AS_SET or AS_CONFED_SET. */
    public boolean hasSets() {
        return segments.stream()
                .anyMatch(segment -> segment.kind() == Kind.SET || segment.kind() == Kind.CONFEDERATION_SET);
    }

    /** Without the segments of a confederation, which are not for outsiders (RFC 5065 §4). */
    public AsPath withoutConfederation() {
        List<Segment> kept = segments.stream()
                .filter(segment -> segment.kind() == Kind.SEQUENCE || segment.kind() == Kind.SET)
                .toList();
        return kept.size() == segments.size() ? this : new AsPath(kept);
    }

    /** Length for route selection: a set counts one, confederation segments nothing (RFC 4271 §9.1.2.2, RFC 5065 §5.3). */
    public int selectionLength() {
        int length = 0;
        for (Segment segment : segments) {
            length += switch (segment.kind()) {
                case SEQUENCE -> segment.numbers().size();
                case SET -> 1;
                case CONFEDERATION_SEQUENCE, CONFEDERATION_SET -> 0;
            };
        }
        return length;
    }

    /** Every number, in order, sets included. */
    public List<Long> numbers() {
        return segments.stream().flatMap(segment -> segment.numbers().stream()).toList();
    }

    /**
     * The true path when the sender is an old speaker (RFC 6793 §4.2.3): this path with its tail replaced by the
     * AS4_PATH, or this path itself when the AS4_PATH is the longer one.
     */
    public AsPath mergedWith(AsPath as4Path) {
        int lead = selectionLength() - as4Path.selectionLength();
        if (lead < 0) {
            return this;
        }
        List<Segment> merged = new ArrayList<>();
        for (Segment segment : segments) {
            if (lead == 0) {
                break;
            }
            if (segment.kind() == Kind.SEQUENCE) {
                int taken = Math.min(lead, segment.numbers().size());
                merged.add(new Segment(Kind.SEQUENCE, segment.numbers().subList(0, taken)));
                lead -= taken;
            } else {
                merged.add(segment);
                lead -= segment.kind() == Kind.SET ? 1 : 0;
            }
        }
        List<Segment> tail = new ArrayList<>(as4Path.segments());
        if (!merged.isEmpty()
                && !tail.isEmpty()
                && merged.getLast().kind() == Kind.SEQUENCE
                && tail.getFirst().kind() == Kind.SEQUENCE) {
            List<Long> joined = new ArrayList<>(merged.removeLast().numbers());
            joined.addAll(tail.removeFirst().numbers());
            merged.add(new Segment(Kind.SEQUENCE, joined));
        }
        merged.addAll(tail);
        return new AsPath(merged);
    }

    @Override
    public int typeCode() {
        return AttributeType.AS_PATH.code();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Segment segment : segments) {
            boolean set = segment.kind() == Kind.SET || segment.kind() == Kind.CONFEDERATION_SET;
            text.append(text.isEmpty() ? "" : " ").append(set ? "{" : "");
            text.append(String.join(
                    " ", segment.numbers().stream().map(String::valueOf).toList()));
            text.append(set ? "}" : "");
        }
        return text.toString();
    }
}
