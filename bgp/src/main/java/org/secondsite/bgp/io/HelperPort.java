package org.secondsite.bgp.io;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two pipes of one helper: lines from it, lines to it.
 *
 * <p>What a helper does not read waits in a bounded queue; when that is full the oldest line is lost and counted, and the
 * helper is told how many. The speaker never waits for a helper.
 */
final class HelperPort implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HelperPort.class);
    private static final int QUEUE_LINES = 65_536;

    private final String name;
    private final Deque<String> queue = new ArrayDeque<>();
    private long lost;
    private boolean closed;

    HelperPort(String name) {
        this.name = name;
    }

    /**
     * Begins to read and write.
     *
     * @param line gets each line of the helper, on the reading thread
     * @param end runs when the helper writes no more
     */
    void start(InputStream from, OutputStream to, Consumer<String> line, Runnable end) {
        Thread.ofVirtual().name("helper-write-" + name).start(() -> writeTo(to));
        Thread.ofVirtual().name("helper-read-" + name).start(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                    line.accept(text);
                }
            } catch (IOException e) {
                LOG.debug("bgp: helper {}: {}", name, e.getMessage());
            }
            end.run();
        });
    }

    synchronized void send(String text) {
        if (queue.size() >= QUEUE_LINES) {
            queue.removeFirst();
            lost++;
        }
        queue.addLast(text);
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
        return queue.removeFirst();
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
