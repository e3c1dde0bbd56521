package org.secondsite.bgp.io;

import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two pipes of one helper: lines from it, lines to it.
 *
 * <p>A helper is read no faster than its lines are carried out: {@value #LINES_AHEAD} lines and 4 MiB may be under way, then
 * its pipe fills and it waits. A line is 1 MiB at most; a longer one is dropped up to its end, and handed on as one that
 * cannot be understood. What a helper does not read waits in a queue bounded in lines and characters; when that is full the
 * oldest line is lost and counted, and the helper is told how many. The speaker never waits for a helper.
 */
final class HelperPort implements AutoCloseable {
    /** What is handed on in place of a line that is too long. */
    static final String TOO_LONG = "(a line of more than 1 MiB)";

    private static final Logger LOG = LoggerFactory.getLogger(HelperPort.class);
    private static final int MAX_LINE_OCTETS = 1 << 20;
    private static final int LINES_AHEAD = 4096;
    private static final int OCTETS_AHEAD = 4 << 20;
    private static final int QUEUE_LINES = 65_536;
    private static final int QUEUE_CHARACTERS = 16 << 20;
    private static final int READ_OCTETS = 64 * 1024;

    private final String name;
    private final Deque<String> queue = new ArrayDeque<>();
    private final Semaphore lines = new Semaphore(LINES_AHEAD);
    private final Semaphore octets = new Semaphore(OCTETS_AHEAD);
    private long queuedCharacters;
    private long lost;
    private boolean closed;

    HelperPort(String name) {
        this.name = name;
    }

    /**
     * Begins to read and write.
     *
     * @param line gets each line of the helper, on the reading thread, and what to run when it has been carried out
     * @param end runs when the helper writes no more
     */
    void start(InputStream from, OutputStream to, BiConsumer<String, Runnable> line, Runnable end) {
        Thread.ofVirtual().name("helper-write-" + name).start(() -> writeTo(to));
        Thread.ofVirtual().name("helper-read-" + name).start(() -> {
            try (from) {
                read(from, line);
            } catch (IOException e) {
                LOG.debug("bgp: helper {}: {}", name, e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            end.run();
        });
    }

    private void read(InputStream from, BiConsumer<String, Runnable> line) throws IOException, InterruptedException {
        byte[] block = new byte[READ_OCTETS];
        ByteArrayOutputStream pending = new ByteArrayOutputStream();
        boolean tooLong = false;
        for (int count = from.read(block); count >= 0; count = from.read(block)) {
            int start = 0;
            for (int i = 0; i < count; i++) {
                if (block[i] == '\n') {
                    pending.write(block, start, i - start);
                    start = i + 1;
                    hand(tooLong ? TOO_LONG : text(pending), line);
                    pending = emptied(pending);
                    tooLong = false;
                }
            }
            pending.write(block, start, count - start);
            if (pending.size() > MAX_LINE_OCTETS) {
                tooLong = true;
                pending = emptied(pending);
            }
        }
        if (pending.size() > 0 || tooLong) {
            hand(tooLong ? TOO_LONG : text(pending), line);
        }
    }

    /** A buffer that once held a long line is not kept. */
    private static ByteArrayOutputStream emptied(ByteArrayOutputStream used) {
        if (used.size() > READ_OCTETS) {
            return new ByteArrayOutputStream();
        }
        used.reset();
        return used;
    }

    private static String text(ByteArrayOutputStream pending) {
        String text = pending.toString(StandardCharsets.UTF_8);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    private void hand(String text, BiConsumer<String, Runnable> line) throws InterruptedException {
        int weight = text.length() + 1;
        lines.acquire();
        octets.acquire(weight);
        line.accept(text, () -> {
            lines.release();
            octets.release(weight);
        });
    }

    synchronized void send(String text) {
        while (!queue.isEmpty()
                && (queue.size() >= QUEUE_LINES || queuedCharacters + text.length() > QUEUE_CHARACTERS)) {
            queuedCharacters -= queue.removeFirst().length();
            lost++;
        }
        queue.addLast(text);
        queuedCharacters += text.length();
        notifyAll();
    }

    private synchronized String next() throws InterruptedException {
        while (queue.isEmpty()) {
            if (closed) {
                return null;
            }
            wait();
        }
        if (lost > 0) {
            LOG.warn("bgp: helper {} does not read, {} lines are lost", name, lost);
            String told = "{ \"type\": \"lost\", \"lines\": " + lost + " }";
            lost = 0;
            return told;
        }
        String text = queue.removeFirst();
        queuedCharacters -= text.length();
        return text;
    }

    private void writeTo(OutputStream to) {
        try (BufferedWriter writer = new BufferedWriter(new OutputStreamWriter(to, StandardCharsets.UTF_8))) {
            for (String text = next(); text != null; text = next()) {
                writer.write(text);
                writer.write('\n');
                writer.flush();
            }
        } catch (IOException e) {
            LOG.debug("bgp: helper {} does not read any more: {}", name, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What is queued is still written. */
    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
    }
}
