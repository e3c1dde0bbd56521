package org.secondsite.replicator.trace.io;

import com.github.luben.zstd.ZstdInputStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecBuffers;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.codec.EpochDecoder;
import org.secondsite.replicator.codec.EpochEncoder;
import org.secondsite.replicator.trace.ColoTrace;
import org.secondsite.replicator.trace.ReplayReport;
import org.secondsite.replicator.tunnel.TunnelFrame;

/** Runs a recorded exchange through the codec, proves that every epoch comes back equal, and measures it. */
public final class ReplayTrace {
    private static final long MAX_EPOCH_BYTES = 4L << 30;

    private ReplayTrace() {}

    /**
     * Replays a file, {@code .zst} or plain.
     *
     * @throws IOException if it cannot be read, is no such recording, or an epoch does not come back as it was
     */
    public static ReplayReport replay(Path file, CodecSettings settings) throws IOException {
        try (InputStream in = open(file)) {
            return replay(in, settings);
        }
    }

    /** The same for a recording that is not compressed. */
    public static ReplayReport replay(InputStream in, CodecSettings settings) throws IOException {
        VmId vm = new VmId("replayed");
        ColoTrace trace = new ColoTrace(vm, in);
        CodecBuffers buffers = new CodecBuffers();
        List<ReplayReport.Measured> measured = new ArrayList<>();
        try (EpochEncoder encoder = new EpochEncoder(settings, buffers);
                EpochDecoder decoder = new EpochDecoder(vm, settings, buffers, MAX_EPOCH_BYTES)) {
            for (Optional<ColoTrace.Recorded> next = trace.next(); next.isPresent(); next = trace.next()) {
                try (Epoch epoch = next.get().epoch()) {
                    measured.add(measure(encoder, decoder, epoch, next.get().recordedBytes()));
                }
            }
        }
        if (measured.isEmpty()) {
            throw new IOException("the recording holds no epoch");
        }
        return new ReplayReport(measured.getFirst(), measured.subList(1, measured.size()));
    }

    private static ReplayReport.Measured measure(
            EpochEncoder encoder, EpochDecoder decoder, Epoch epoch, long recordedBytes) throws IOException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        ByteBuf coded = PooledByteBufAllocator.DEFAULT.directBuffer();
        try {
            long start = threads.getCurrentThreadCpuTime();
            encoder.begin(epoch);
            while (!encoder.next(coded)) {
                // Each call appends a block.
            }
            long encoded = threads.getCurrentThreadCpuTime();
            int codedBytes = coded.readableBytes();
            Decoded<Epoch, String> result = decoder.feed(epoch.header().epoch(), coded);
            long decoded = threads.getCurrentThreadCpuTime();
            if (!(result instanceof Decoded.Complete<Epoch, String>(Epoch back))) {
                throw new IOException(epoch + " did not come back: " + result);
            }
            try (back) {
                if (!back.pages().sameAs(epoch.pages()) || back.checksum() != epoch.checksum()) {
                    throw new IOException(epoch + " came back as another one");
                }
            }
            int frames = (codedBytes + TunnelFrame.MAX_PAYLOAD_BYTES - 1) / TunnelFrame.MAX_PAYLOAD_BYTES;
            return new ReplayReport.Measured(
                    epoch.pages().count(),
                    recordedBytes,
                    epoch.plainBytes(),
                    codedBytes + (long) frames * TunnelFrame.HEADER_BYTES,
                    encoded - start,
                    decoded - encoded);
        } finally {
            coded.release();
        }
    }

    /**
     * Opens a recording, {@code .zst} or plain.
     *
     * @throws IOException if it cannot be read
     */
    public static InputStream open(Path file) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 20);
        return file.toString().endsWith(".zst")
                ? new BufferedInputStream(new ZstdInputStream(in).setLongMax(27), 1 << 20)
                : in;
    }
}
