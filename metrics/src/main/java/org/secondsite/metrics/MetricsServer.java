package org.secondsite.metrics;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code GET /metrics} with the figures of the moment, over plain HTTP/1.1 (RFC 9112), one request a connection; nothing else is
 * served, and nothing can be changed here.
 *
 * <p>Whoever reaches the port may be anybody. A request has {@value #MAX_HEAD_BYTES} bytes and {@value #REQUEST_SECONDS} s, reading the
 * answer included. {@value #MAX_CONNECTIONS} connections have places, and the oldest gives way to a newer one, so idle ones keep nobody
 * out. A process without a free descriptor accepts nothing for a second: the port would stay readable, and trying at once is
 * a processor for nothing. (The JDK's own server does that, for which reason it is not used.)
 */
public final class MetricsServer implements AutoCloseable {
    /** Where the figures are. */
    public static final String PATH = "/metrics";

    private static final Logger LOG = LoggerFactory.getLogger(MetricsServer.class);
    private static final int REQUEST_SECONDS = 10;
    private static final int CLOSE_SECONDS = 2;
    private static final int MAX_CONNECTIONS = 32;
    private static final int MAX_HEAD_BYTES = 8192;
    private static final int BACKLOG = 64;
    private static final long ACCEPT_AGAIN_MS = 1000;

    /** Where the figures come from. */
    @FunctionalInterface
    public interface Source {
        /**
         * Reads them; runs on a thread of the server and may wait.
         *
         * @throws Exception if they cannot be had now; the client is told so
         */
        Scrape scrape() throws Exception;
    }

    private final ServerSocket server;
    private final Source source;
    private final Thread accepting = Thread.ofVirtual().name("metrics-accept").unstarted(this::accept);
    private final Deque<Socket> open = new ArrayDeque<>();
    private final AtomicLong toldInSecond = new AtomicLong(Long.MIN_VALUE);
    private final LongAdder untold = new LongAdder();

    private MetricsServer(ServerSocket server, Source source) {
        this.server = server;
        this.source = source;
    }

    /**
     * Listens.
     *
     * @param listen where; port 0 lets the system choose
     * @throws IOException if the address cannot be had, with a message that says which and why
     */
    public static MetricsServer open(InetSocketAddress listen, Source source) throws IOException {
        ServerSocket server = new ServerSocket();
        try {
            server.bind(listen, BACKLOG);
        } catch (IOException e) {
            server.close();
            throw new IOException("metrics.listen: cannot listen on " + text(listen) + ": " + e.getMessage(), e);
        }
        MetricsServer metrics = new MetricsServer(server, source);
        metrics.accepting.start();
        LOG.info("metrics are at http://{}{}", text(metrics.address()), PATH);
        return metrics;
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    // ---- connections

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                enter(client);
                Thread.ofVirtual().name("metrics-client").start(() -> serve(client));
            } catch (IOException e) {
                if (!server.isClosed()) {
                    tell("no connection can be accepted for the metrics", e);
                    rest();
                }
            }
        }
    }

    private static void rest() {
        try {
            Thread.sleep(ACCEPT_AGAIN_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void enter(Socket client) {
        if (open.size() == MAX_CONNECTIONS) {
            cut(open.removeFirst());
        }
        open.addLast(client);
    }

    private synchronized void leave(Socket client) {
        open.remove(client);
    }

    private static void cut(Socket client) {
        try {
            client.close();
        } catch (IOException e) {
            LOG.trace("{} is gone already", client, e);
        }
    }

    private void serve(Socket client) {
        Thread deadline = Thread.ofVirtual().name("metrics-deadline").start(() -> {
            try {
                TimeUnit.SECONDS.sleep(REQUEST_SECONDS);
                cut(client);
            } catch (InterruptedException answered) {
                Thread.currentThread().interrupt();
            }
        });
        try (client) {
            String head = head(client.getInputStream());
            if (!head.isEmpty()) {
                client.getOutputStream().write(answer(head, client));
                client.shutdownOutput();
                // What the client has sent beyond its request would turn a close into a reset, and lose the answer.
                client.getInputStream().skipNBytes(client.getInputStream().available());
            }
        } catch (IOException e) {
            LOG.debug("a client of the metrics at {}: {}", client.getRemoteSocketAddress(), e.toString());
        } finally {
            deadline.interrupt();
            leave(client);
        }
    }

    /** The request's first line; empty if it does not come to an end, or never begins. RFC 9112 §2.1. */
    private static String head(InputStream from) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        byte[] some = new byte[1024];
        while (head.size() < MAX_HEAD_BYTES) {
            int count = from.read(some);
            if (count < 0) {
                return "";
            }
            head.write(some, 0, count);
            String text = head.toString(StandardCharsets.ISO_8859_1);
            // RFC 9112 §2.2: a lone line feed may end a line.
            if (text.contains("\r\n\r\n") || text.contains("\n\n")) {
                return text.lines().findFirst().orElse("");
            }
        }
        return " ";
    }

    // ---- what is answered

    private byte[] answer(String line, Socket client) {
        String[] words = line.split(" ", -1);
        if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
            return plain("400 Bad Request", "", "this is no request of HTTP/1.1\n", true);
        }
        boolean withBody = !words[0].equals("HEAD");
        String path = words[1].contains("?") ? words[1].substring(0, words[1].indexOf('?')) : words[1];
        if (!path.equals(PATH)) {
            return plain("404 Not Found", "", "there is only " + PATH + "\n", withBody);
        }
        if (!words[0].equals("GET") && !words[0].equals("HEAD")) {
            return plain("405 Method Not Allowed", "Allow: GET, HEAD\r\n", "only GET and HEAD\n", withBody);
        }
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            source.scrape().write(text);
        } catch (Exception e) {
            tell("no metrics for " + client.getRemoteSocketAddress(), e);
            return plain("503 Service Unavailable", "", "the figures cannot be had now: " + e + "\n", withBody);
        }
        return response("200 OK", "", Scrape.CONTENT_TYPE, text.toByteArray(), withBody);
    }

    private static byte[] plain(String status, String field, String words, boolean withBody) {
        return response(status, field, "text/plain; charset=utf-8", words.getBytes(StandardCharsets.UTF_8), withBody);
    }

    private static byte[] response(String status, String field, String type, byte[] body, boolean withBody) {
        String head = "HTTP/1.1 " + status + "\r\n" + field + "Content-Type: " + type + "\r\nContent-Length: "
                + body.length + "\r\nConnection: close\r\n\r\n";
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(head.getBytes(StandardCharsets.ISO_8859_1));
        if (withBody) {
            all.writeBytes(body);
        }
        return all.toByteArray();
    }

    /** Whoever reaches the port decides how often there would be something to tell. */
    private void tell(String what, Exception failure) {
        long second = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
        if (toldInSecond.getAndSet(second) == second) {
            untold.increment();
        } else {
            LOG.warn("{} ({} more before)", what, untold.sumThenReset(), failure);
        }
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** Serves nobody any more; the address is free when this returns. */
    @Override
    public void close() {
        try {
            server.close();
            // The kernel's socket goes with the last call that uses it.
            accepting.join(Duration.ofSeconds(CLOSE_SECONDS));
        } catch (IOException e) {
            LOG.warn("the metrics' port did not close cleanly", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        synchronized (this) {
            open.forEach(MetricsServer::cut);
        }
    }
}
