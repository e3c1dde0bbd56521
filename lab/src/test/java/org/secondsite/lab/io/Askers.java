package org.secondsite.lab.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.secondsite.lab.client.Ledger;
import org.secondsite.lab.plan.Fleet;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabVm;

/** Outside clients of a store's front ends, each with a connection that it keeps, and the ledger of what all of them were told. */
final class Askers implements AutoCloseable {
    /** Linux waits for 120 s at most before it tries again (TCP_RTO_MAX). */
    private static final int PATIENCE_SECONDS = 130;

    private static final int CONNECT_MILLIS = 20_000;
    private static final int BETWEEN_MILLIS = 150;
    private static final byte[] QUESTION = "next please\n".getBytes(StandardCharsets.US_ASCII);

    private final Lab lab;
    private final LabVm store;
    private final Ledger ledger = new Ledger(); // guarded by itself
    private final List<Thread> threads = new ArrayList<>();
    private final List<Socket> sockets = new ArrayList<>(); // guarded by the ledger
    private boolean paused; // guarded by the ledger
    private boolean ended; // guarded by the ledger
    private final Set<Integer> waiting = new HashSet<>(); // for an answer; guarded by the ledger

    private Askers(Lab lab, LabVm store) {
        this.lab = lab;
        this.store = store;
    }

    /**
     * Connects so many to each front end of a store.
     *
     * @throws IOException if a connection cannot be made
     */
    static Askers start(Lab lab, Fleet fleet, LabVm store, int each) throws IOException {
        Askers askers = new Askers(lab, store);
        List<LabVm> frontEnds = fleet.asking(store);
        CountDownLatch connected = new CountDownLatch(each * frontEnds.size());
        for (LabVm front : frontEnds) {
            for (int i = 0; i < each; i++) {
                int connection = askers.threads.size();
                askers.threads.add(Thread.ofPlatform()
                        .daemon()
                        .name("asker-" + connection)
                        .start(() -> askers.run(connection, front.address(), connected)));
            }
        }
        try {
            if (!connected.await(2L * CONNECT_MILLIS, TimeUnit.MILLISECONDS)) {
                throw new IOException("clients of the front ends do not connect");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return askers;
    }

    private void run(int connection, String address, CountDownLatch connected) {
        try (Socket socket = NetworkNamespace.call(lab.clientNamespace(), () -> connect(address))) {
            synchronized (ledger) {
                sockets.add(socket);
            }
            connected.countDown();
            BufferedReader answers =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            for (long number = 1; ; number++) {
                Optional<Ledger.Question> question = next(connection, number);
                if (question.isEmpty()) {
                    return;
                }
                socket.getOutputStream().write(QUESTION);
                told(question.get(), answers.readLine());
                Waiting.pause(BETWEEN_MILLIS);
            }
        } catch (IOException e) {
            synchronized (ledger) {
                if (!ended) {
                    ledger.broken(connection, String.valueOf(e.getMessage()));
                }
                waiting.remove(connection);
                ledger.notifyAll();
            }
        }
    }

    /** The connection's next question, when it may be asked; empty at the end. */
    private Optional<Ledger.Question> next(int connection, long number) throws IOException {
        synchronized (ledger) {
            while (paused && !ended) {
                await(0);
            }
            if (ended) {
                return Optional.empty();
            }
            waiting.add(connection);
            return Optional.of(ledger.ask(connection, number));
        }
    }

    private void told(Ledger.Question question, String answer) throws IOException {
        if (answer == null) {
            throw new IOException("closed by the other side");
        }
        synchronized (ledger) {
            ledger.told(question, answer);
            waiting.remove(question.connection());
            ledger.notifyAll();
        }
    }

    private void await(long millis) throws IOException {
        try {
            ledger.wait(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static Socket connect(String address) throws IOException {
        Socket socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(address, LabNumbers.FRONT_PORT), CONNECT_MILLIS);
        socket.setSoTimeout(PATIENCE_SECONDS * 1_000);
        return socket;
    }

    /** How many answers have come. */
    long answers() {
        synchronized (ledger) {
            return ledger.answers();
        }
    }

    /** What was wrong so far; none if all is well. */
    List<String> complaints() {
        synchronized (ledger) {
            return ledger.complaints();
        }
    }

    /**
     * Asks nothing more, waits until every question is answered, and holds the store's own count against the ledger; then goes on.
     *
     * @return what was wrong so far; none if all is well
     * @throws IOException if an answer does not come, or the store says nothing
     */
    List<String> compare() throws IOException {
        synchronized (ledger) {
            paused = true;
            long limitNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (!waiting.isEmpty()) {
                if (System.nanoTime() > limitNanos) {
                    throw new IOException(waiting.size() + " questions are not answered");
                }
                await(1_000);
            }
        }
        String[] said = new String[1];
        Waiting.until("the store to say what it has counted", PATIENCE_SECONDS, () -> {
            said[0] = GuestProbe.ask(lab.clientNamespace(), store.address(), LabNumbers.STORE_PORT, "?");
            return true;
        });
        synchronized (ledger) {
            ledger.compare(Long.parseLong(said[0].split(" ", -1)[0]));
            paused = false;
            ledger.notifyAll();
            return ledger.complaints();
        }
    }

    @Override
    public void close() throws IOException {
        synchronized (ledger) {
            ended = true;
            ledger.notifyAll();
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        for (Thread thread : threads) {
            try {
                thread.join(CONNECT_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
