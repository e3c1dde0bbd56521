package org.secondsite.replicator.trace;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.Set;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.checkpoint.CheckpointCodec;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.EpochFrames;
import org.secondsite.replicator.checkpoint.Limits;

/** What the agent of a VM without disks says to its gateway. */
public final class AgentBytes {
    /** The VM. */
    public static final VmId VM = new VmId("vm1");

    static final long RAM_BYTES = 1 << 20;

    private AgentBytes() {}

    /** An epoch of the first term. */
    public static EpochId id(long number) {
        return new EpochId(1, number);
    }

    /** HELLO of this VM. */
    public static byte[] hello() {
        return hello(VM);
    }

    /** HELLO of some VM. */
    public static byte[] hello(VmId vm) {
        ByteBuf out = Unpooled.buffer();
        CheckpointCodec.encode(
                new CheckpointMessage.Hello(
                        new Dialect(Limits.VERSION, Set.of()), vm, RAM_BYTES, true, EpochId.NONE, "a test"),
                out);
        return ByteBufUtil.getBytes(out);
    }

    /** A small epoch. */
    public static byte[] epoch(EpochId base, EpochId id) {
        return frames(new Epoch(new EpochHeader(VM, id, base, RAM_BYTES), pages(id.number()), new byte[] {1, 2, 3}));
    }

    static PageSet pages(long content) {
        PageSet.Builder pages = PageSet.builder();
        pages.addZero(1);
        pages.add(3, ByteBuffer.allocate(PageSet.PAGE_BYTES).putLong(0, content));
        return pages.build();
    }

    static byte[] frames(Epoch whole) {
        ByteBuf out = Unpooled.buffer();
        try (Epoch epoch = whole) {
            EpochFrames frames = new EpochFrames(epoch, 0);
            for (ByteBuf frame = frames.next(UnpooledByteBufAllocator.DEFAULT);
                    frame != null;
                    frame = frames.next(UnpooledByteBufAllocator.DEFAULT)) {
                out.writeBytes(frame);
                frame.release();
            }
        }
        return ByteBufUtil.getBytes(out);
    }
}
