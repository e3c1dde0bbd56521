package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.EpochId;

/**
 * What a receiver tells the sender after both hellos: how far each of the sender's streams got.
 *
 * <pre>
 * | count u32 | per stream: stream u32 | delivered term u64, epoch u64 | acknowledged term u64, epoch u64 |
 * </pre>
 *
 * @param positions one per stream that the receiver remembers; streams that are not named start over
 */
public record Resume(List<Position> positions) {
    /** The most streams, which is the most VMs, of a tunnel in one direction. */
    public static final int MAX_STREAMS = 1024;

    private static final int POSITION_BYTES = 36;

    /**
     * How far a stream got.
     *
     * @param stream the sender's number of it
     * @param delivered the last epoch that arrived whole: it and those before it must not be sent again
     * @param acknowledged the last epoch of the stream that the receiver holds; not above {@code delivered}
     */
    public record Position(int stream, EpochId delivered, EpochId acknowledged) {}

    /** Copies the list. */
    public Resume {
        positions = List.copyOf(positions);
    }

    /** The payload. */
    public ByteBuf encode(ByteBufAllocator allocator) {
        ByteBuf out = allocator.directBuffer(Integer.BYTES + positions.size() * POSITION_BYTES);
        out.writeInt(positions.size());
        for (Position position : positions) {
            out.writeInt(position.stream());
            out.writeLong(position.delivered().term());
            out.writeLong(position.delivered().number());
            out.writeLong(position.acknowledged().term());
            out.writeLong(position.acknowledged().number());
        }
        return out;
    }

    /**
     * Reads a payload.
     *
     * @return empty if it does not follow the layout
     */
    public static Optional<Resume> decode(ByteBuf in) {
        if (in.readableBytes() < Integer.BYTES) {
            return Optional.empty();
        }
        int count = in.readInt();
        if (count < 0 || count > MAX_STREAMS || in.readableBytes() != count * POSITION_BYTES) {
            return Optional.empty();
        }
        List<Position> positions = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int stream = in.readInt();
            long[] numbers = {in.readLong(), in.readLong(), in.readLong(), in.readLong()};
            for (long number : numbers) {
                if (number < 0 || stream < 1) {
                    return Optional.empty();
                }
            }
            EpochId delivered = new EpochId(numbers[0], numbers[1]);
            EpochId acknowledged = new EpochId(numbers[2], numbers[3]);
            if (!acknowledged.atMost(delivered)) {
                return Optional.empty();
            }
            positions.add(new Position(stream, delivered, acknowledged));
        }
        return Optional.of(new Resume(positions));
    }
}
