package org.secondsite.bgp.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.secondsite.bgp.fsm.State;
import org.secondsite.bgp.mrt.MrtRecords;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends what neighbours said to a file of MRT records. A disk that is slow or full is nobody's hindrance: records wait in a
 * bounded queue, and those that do not fit are lost and counted. A file that cannot be written any more is given up.
 */
final class MrtFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MrtFile.class);
    private static final int MAX_QUEUED_OCTETS = 32 << 20;
    private static final int CLOSE_SECONDS = 5;

    private final Path path;
    private final OutputStream out;
    private final LineLimit lines = new LineLimit(LOG);
    private final Deque<byte[]> queue = new ArrayDeque<>();
    private final Thread writer;
    private long queuedOctets;
    private long lost;
    private boolean ended;

    private MrtFile(Path path, OutputStream out) {
        this.path = path;
        this.out = out;
        this.writer = Thread.ofPlatform().daemon().name("bgp-mrt").start(this::write);
    }

    /**
     * Goes on at the end of the file, or begins one.
     *
     * @throws IOException if it cannot be written
     */
    static MrtFile open(Path path) throws IOException {
        return new MrtFile(
                path,
                new BufferedOutputStream(
                        Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND)));
    }

    /** Any thread; waits for nobody. */
    void update(MrtRecords.Ends ends, ReceivedUpdate update) {
        ByteBuf records = Unpooled.buffer();
        MrtRecords.update(ends, update, System.currentTimeMillis(), records);
        add(records);
    }

    /** Any thread; waits for nobody. */
    void state(MrtRecords.Ends ends, State from, State to) {
        ByteBuf records = Unpooled.buffer();
        MrtRecords.state(ends, from, to, System.currentTimeMillis(), records);
        add(records);
    }

    private synchronized void add(ByteBuf records) {
        int octets = records.readableBytes();
        if (ended || octets == 0) {
            return;
        }
        if (queuedOctets + octets > MAX_QUEUED_OCTETS) {
            lost++;
            lines.warn("bgp: {} is written too slowly, {} records are lost", path, lost);
            return;
        }
        queuedOctets += octets;
        queue.addLast(ByteBufUtil.getBytes(records));
        notifyAll();
    }

    private void write() {
        try (out) {
            for (byte[] records = next(); records.length > 0; records = next()) {
                out.write(records);
                if (isEmpty()) {
                    out.flush();
                }
            }
        } catch (IOException e) {
            LOG.error("bgp: {} cannot be written any more, nothing is added to it: {}", path, e.getMessage());
            giveUp();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean isEmpty() {
        return queue.isEmpty();
    }

    private synchronized void giveUp() {
        ended = true;
        queue.clear();
    }

    /** Nothing at the end. */
    private synchronized byte[] next() throws InterruptedException {
        while (queue.isEmpty()) {
            if (ended) {
                return new byte[0];
            }
            wait();
        }
        byte[] records = queue.removeFirst();
        queuedOctets -= records.length;
        return records;
    }

    /** What waits is still written. */
    @Override
    public void close() {
        synchronized (this) {
            ended = true;
            notifyAll();
        }
        try {
            writer.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
