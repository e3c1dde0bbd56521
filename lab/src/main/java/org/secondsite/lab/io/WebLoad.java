package org.secondsite.lab.io;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Clients of the web guest: each asks for one page after the other, chosen by a seed, and compares every byte. A page that comes late
 * is well; one that does not come, or is another, is a complaint.
 */
public final class WebLoad {
    /** Longer than TCP waits before it tries again, after a failover of some seconds. */
    private static final int PATIENCE_MS = 20_000;

    private static final String END_OF_HEADER = "\r\n\r\n";

    private final InetSocketAddress server;
    private final AtomicInteger pages = new AtomicInteger();
    private final ConcurrentLinkedQueue<String> complaints = new ConcurrentLinkedQueue<>();
    private final List<Thread> clients = new ArrayList<>();
    private volatile boolean ended;

    /**
     * What came of it.
     *
     * @param pages that came, all of them whole and right
     * @param complaints one for each that did not
     */
    public record Result(int pages, List<String> complaints) {
        /** Copies the list. */
        public Result {
            complaints = List.copyOf(complaints);
        }
    }

    private WebLoad(InetSocketAddress server) {
        this.server = server;
    }

    /** Starts so many clients in a namespace. */
    public static WebLoad start(String namespace, InetSocketAddress server, int clients, long seed) {
        WebLoad load = new WebLoad(server);
        load.begin(
                clients,
                seed,
                body -> NetworkNamespace.call(namespace, () -> {
                    body.run();
                    return null;
                }));
        return load;
    }

    /** Starts so many clients where this process is. */
    static WebLoad startHere(InetSocketAddress server, int clients, long seed) {
        WebLoad load = new WebLoad(server);
        load.begin(clients, seed, Runnable::run);
        return load;
    }

    /** Where a client runs. */
    private interface Place {
        void run(Runnable body) throws IOException;
    }

    private void begin(int number, long seed, Place place) {
        for (int client = 0; client < number; client++) {
            Random random = new Random(seed * 31 + client);
            clients.add(
                    Thread.ofPlatform().daemon().name("web-client-" + client).start(() -> {
                        try {
                            place.run(() -> browse(random));
                        } catch (IOException e) {
                            complaints.add(e.getMessage());
                        }
                    }));
        }
    }

    private void browse(Random random) {
        while (!ended) {
            int page = random.nextInt(WebPages.NUMBER);
            try {
                byte[] answer = get("/www/" + WebPages.name(page));
                int body = bodyAt(answer);
                if (!Arrays.equals(WebPages.content(page), 0, WebPages.BYTES, answer, body, answer.length)) {
                    complaints.add("page " + page + " is not what was written: " + (answer.length - body) + " bytes");
                }
                pages.incrementAndGet();
            } catch (IOException e) {
                complaints.add("page " + page + ": " + e);
            }
        }
    }

    private byte[] get(String path) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(server, PATIENCE_MS);
            socket.setSoTimeout(PATIENCE_MS);
            socket.getOutputStream().write(("GET " + path + " HTTP/1.0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            return socket.getInputStream().readAllBytes();
        }
    }

    private static int bodyAt(byte[] answer) throws IOException {
        String head = new String(answer, 0, Math.min(answer.length, 1024), StandardCharsets.ISO_8859_1);
        int end = head.indexOf(END_OF_HEADER);
        if (!head.startsWith("HTTP/1.") || !head.startsWith(" 200 ", 8)) {
            throw new IOException("the answer is " + head.lines().findFirst().orElse("empty"));
        }
        if (end < 0) {
            throw new EOFException("the answer ended in its header");
        }
        return end + END_OF_HEADER.length();
    }

    /** The pages that have come. */
    public int pages() {
        return pages.get();
    }

    /** Ends when each client has its last page. */
    public Result end() throws IOException {
        ended = true;
        for (Thread client : clients) {
            try {
                client.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        return new Result(pages.get(), List.copyOf(complaints));
    }
}
