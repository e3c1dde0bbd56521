package org.secondsite.bgp.io;

import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.BiConsumer;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.exabgp.CommandLines;
import org.secondsite.bgp.exabgp.CommandParser;
import org.secondsite.bgp.wire.PlainText;
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
    private static final int LINES_AHEAD = 32_768;
    private static final int MAX_BATCH_LINES = 1024;
    private static final int OCTETS_AHEAD = 4 << 20;
    private static final int QUEUE_LINES = 65_536;
    private static final int QUEUE_CHARACTERS = 16 << 20;
    private static final int FINISH_MS = 500;
    private static final int READ_OCTETS = 64 * 1024;

    private final String name;
    private final boolean explains;
    private final Deque<String> queue = new ArrayDeque<>();
    private final Semaphore lines = new Semaphore(LINES_AHEAD);
    private final Semaphore octets = new Semaphore(OCTETS_AHEAD);
    private volatile Optional<Thread> writer = Optional.empty();
    private long queuedCharacters;
    private long lost;
    private boolean closed;

    /**
     * A line of a helper.
     *
     * @param text as it was written, if it was not understood
     */
    record Line(ApiCommand command, String text) {}

    HelperPort(String name) {
        this(name, false);
    }

    private HelperPort(String name, boolean explains) {
        this.name = name;
        this.explains = explains;
    }

    /** One to whom the reason is told of what is not done, a line before {@code error}, as ExaBGP 5 does. */
    static HelperPort explaining(String name) {
        return new HelperPort(name, true);
    }

    /** Answers a command. */
    void answer(Optional<String> fault) {
        if (explains) {
            fault.ifPresent(reason -> send("error: " + PlainText.of(reason)));
        }
        send(fault.isEmpty() ? "done" : "error");
    }

    /**
     * Begins to read and write, on two platform threads: reading a pipe would hold a virtual thread's carrier for as long as the helper is
     * silent, and a silent helper for each processor would halt all that is virtual in the process.
     *
     * @param taker gets the lines of the helper, on the reading thread, and what to run when they have been carried out
     * @param end runs when the helper writes no more
     */
    void start(InputStream from, OutputStream to, BiConsumer<List<Line>, Runnable> taker, Runnable end) {
        writer = Optional.of(
                Thread.ofPlatform().daemon().name("helper-write-" + name).start(() -> writeTo(to)));
        Thread.ofPlatform().daemon().name("helper-read-" + name).start(() -> {
            try (from) {
                read(from, taker);
            } catch (IOException e) {
                LOG.debug("bgp: helper {}: {}", name, e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            end.run();
        });
    }

    private void read(InputStream from, BiConsumer<List<Line>, Runnable> taker)
            throws IOException, InterruptedException {
        byte[] block = new byte[READ_OCTETS];
        Batch batch = new Batch(taker);
        ByteArrayOutputStream pending = new ByteArrayOutputStream();
        boolean tooLong = false;
        for (int count = from.read(block); count >= 0; count = from.read(block)) {
            int start = 0;
            for (int i = 0; i < count; i++) {
                if (block[i] != '\n') {
                    continue;
                }
                if (tooLong) {
                    batch.addTooLong();
                } else if (pending.size() == 0) {
                    batch.add(block, start, i);
                } else {
                    pending.write(block, start, i - start);
                    batch.add(pending.toByteArray(), 0, pending.size());
                }
                start = i + 1;
                pending = emptied(pending);
                tooLong = false;
            }
            pending.write(block, start, count - start);
            if (pending.size() > MAX_LINE_OCTETS) {
                tooLong = true;
                pending = emptied(pending);
            }
            batch.hand();
        }
        if (tooLong) {
            batch.addTooLong();
        } else if (pending.size() > 0) {
            batch.add(pending.toByteArray(), 0, pending.size());
        }
        batch.hand();
    }

    /** The lines of a block, understood here and not by the thread that carries them out. */
    private final class Batch {
        private final CommandLines reader = new CommandLines();
        private final BiConsumer<List<Line>, Runnable> taker;
        private List<Line> gathered = new ArrayList<>();
        private int weight;

        Batch(BiConsumer<List<Line>, Runnable> taker) {
            this.taker = taker;
        }

        void add(byte[] octets, int from, int to) throws InterruptedException {
            int end = to > from && octets[to - 1] == '\r' ? to - 1 : to;
            ApiCommand command = reader.read(octets, from, end);
            String text = command instanceof ApiCommand.Fault
                    ? new String(octets, from, end - from, StandardCharsets.UTF_8)
                    : "";
            add(new Line(command, text), to - from + 1);
        }

        void addTooLong() throws InterruptedException {
            add(new Line(CommandParser.parse(TOO_LONG), TOO_LONG), TOO_LONG.length());
        }

        private void add(Line line, int octets) throws InterruptedException {
            gathered.add(line);
            weight += octets;
            if (gathered.size() == MAX_BATCH_LINES || weight > MAX_LINE_OCTETS) {
                hand();
            }
        }

        void hand() throws InterruptedException {
            if (gathered.isEmpty()) {
                return;
            }
            List<Line> handed = gathered;
            int octetsHanded = weight;
            gathered = new ArrayList<>();
            weight = 0;
            lines.acquire(handed.size());
            octets.acquire(octetsHanded);
            taker.accept(handed, () -> {
                lines.release(handed.size());
                octets.release(octetsHanded);
            });
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

    synchronized void send(String text) {
        while (!queue.isEmpty()
                && (queue.size() >= QUEUE_LINES || queuedCharacters + text.length() > QUEUE_CHARACTERS)) {
            queuedCharacters -= queue.removeFirst().length();
            lost++;
        }
        queue.addLast(text);
        queuedCharacters += text.length();
        if (queue.size() == 1) {
            notifyAll();
        }
    }

    private synchronized boolean hasMore() {
        return !queue.isEmpty();
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
                if (!hasMore()) {
                    writer.flush();
                }
            }
        } catch (IOException e) {
            LOG.debug("bgp: helper {} does not read any more: {}", name, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Closes it, and waits a moment for what is queued to be written: whoever asked wants to read the answer. */
    void finish() {
        close();
        try {
            if (writer.isPresent()) {
                writer.get().join(Duration.ofMillis(FINISH_MS));
            }
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
