package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

class SendWindowTest {
    private static final VmId WEB = new VmId("web");
    private static final VmId MAIL = new VmId("mail");
    private static final VmId DB = new VmId("db");
    private static final long MAX_BYTES = 3000;

    private long takenBefore;

    @BeforeEach
    void noteMemory() {
        takenBefore = PageSet.takenBytes();
    }

    @AfterEach
    void nothingLeaks() {
        assertEquals(takenBefore, PageSet.takenBytes());
    }

    @Test
    void takesAChainAndNothingElse() {
        SendWindow window = new SendWindow(MAX_BYTES, Epoch::close);
        assertEquals(Optional.empty(), window.offer(epoch(WEB, id(1), EpochId.NONE, 10)));
        assertEquals(Optional.empty(), window.offer(epoch(WEB, id(2), id(1), 10)));
        assertTrue(window.offer(epoch(WEB, id(2), id(1), 10)).isPresent(), "the same again");
        assertTrue(window.offer(epoch(WEB, id(4), id(3), 10)).isPresent(), "a gap");
        assertEquals(Optional.empty(), window.offer(epoch(WEB, id(9), EpochId.NONE, 10)), "a full image");
        assertEquals(Optional.empty(), window.offer(epoch(DB, id(4), id(3), 10)), "another VM");
        window.discard(WEB);
        assertEquals(Optional.empty(), window.offer(epoch(WEB, id(3), id(2), 10)), "after a discard");
    }

    @Test
    void aFullWindowHoldsEpochsBackUntilCommitsMakeRoom() {
        SendWindow window = new SendWindow(MAX_BYTES, Epoch::close);
        window.offer(epoch(WEB, id(1), EpochId.NONE, 2000));
        window.offer(epoch(WEB, id(2), id(1), 999));
        assertEquals(Optional.empty(), window.offer(epoch(WEB, id(3), id(2), 50_000)), "the source had credit left");
        assertEquals(List.of(1, 1), sendAll(window), "the third has to wait");
        assertEquals(SendWindow.Answer.IMPOSSIBLE, window.acknowledged(1, id(3)));
        assertEquals(SendWindow.Answer.TAKEN, window.acknowledged(1, id(1)));
        assertEquals(List.of(), sendAll(window), "a large one goes alone");
        assertEquals(SendWindow.Answer.TAKEN, window.acknowledged(1, id(2)));
        assertEquals(List.of(1), sendAll(window));
        assertTrue(window.offer(epoch(WEB, id(4), id(3), 1)).isPresent(), "a source that ignores its credit");
        assertEquals(Optional.empty(), window.offer(epoch(DB, id(1), EpochId.NONE, 10)), "the window of another VM");
        assertEquals(List.of(2), sendAll(window));
        assertEquals(SendWindow.Answer.TAKEN, window.acknowledged(1, id(3)));
        assertEquals(Optional.empty(), window.offer(epoch(WEB, id(4), id(3), 1)));
        window.clear();
    }

    @Test
    void aBreakTellsTheWindowOfThePeerAnew() {
        SendWindow window = new SendWindow(MAX_BYTES, Epoch::close);
        for (int number = 1; number <= 3; number++) {
            window.offer(epoch(WEB, id(number), number == 1 ? EpochId.NONE : id(number - 1), 900));
        }
        assertEquals(List.of(1, 1, 1), sendAll(window));
        Resume one = new Resume(List.of(new Resume.Position(1, id(1), EpochId.NONE)));
        window.resume(one, 1000, Long.MAX_VALUE);
        assertEquals(List.of(), sendAll(window), "the first is delivered and not answered");
        window.acknowledged(1, id(1));
        assertEquals(List.of(1), sendAll(window));
        window.refused(1, id(2));
        assertEquals(List.of(1), sendAll(window));
        window.acknowledged(1, id(3));
        assertEquals(Map.of(), window.inFlight());
    }

    @Test
    void beginsNoMoreThanThePeerCanHoldUnfinishedAndStarvesNobody() {
        SendWindow window = new SendWindow(Long.MAX_VALUE, Epoch::close);
        int chunk = PageSet.CHUNK_BYTES;
        window.resume(new Resume(List.of()), Long.MAX_VALUE, 8L * chunk);
        window.offer(epoch(WEB, id(1), EpochId.NONE, 2 * chunk));
        SendWindow.Stream web = window.poll();
        window.offer(epoch(DB, id(1), EpochId.NONE, 5 * chunk));
        window.offer(epoch(MAIL, id(1), EpochId.NONE, 10));
        assertNull(window.poll(), "the large one does not fit, and the small one after it would keep it out");
        window.wholeEncoded(web);
        assertNull(window.poll(), "encoded is not sent");
        window.wholeSent(web.number());
        window.again(web);
        SendWindow.Stream db = window.poll();
        assertEquals(DB, db.vm());
        assertEquals(1, sendAll(window).size());
        assertTrue(window.offer(epoch(WEB, id(2), id(1), 8 * chunk)).isPresent(), "never, so at once");
        window.discard(DB);
        window.offer(epoch(WEB, id(2), id(1), 7 * chunk));
        assertEquals(List.of(web.number()), sendAll(window));
        SendWindow.Resumed resumed = window.resume(new Resume(List.of()), Long.MAX_VALUE, 2L * chunk);
        assertEquals(WEB, resumed.broken().get(0).vm());
        assertEquals(1, sendAll(window).size(), "the small one alone is left");
        window.clear();
    }

    @Test
    void aLateCommitIsNeverCreditedToAnotherChain() {
        SendWindow window = new SendWindow(MAX_BYTES, Epoch::close);
        window.offer(epoch(WEB, id(1), EpochId.NONE, 10));
        int first = sendAll(window).get(0);
        window.discard(WEB);
        window.offer(epoch(WEB, id(1), EpochId.NONE, 10));
        int second = sendAll(window).get(0);
        assertNotEquals(first, second);
        assertEquals(SendWindow.Answer.IGNORED, window.acknowledged(first, id(1)));
        assertEquals(1, window.inFlight().get(WEB).epochs());
        assertEquals(SendWindow.Answer.TAKEN, window.acknowledged(second, id(1)));
        assertEquals(SendWindow.Answer.IGNORED, window.acknowledged(second, id(1)), "once only");
    }

    @Test
    void anAnswerToWhatWasNotSentIsImpossible() {
        SendWindow window = new SendWindow(MAX_BYTES, Epoch::close);
        window.offer(epoch(WEB, id(1), EpochId.NONE, 10));
        window.offer(epoch(WEB, id(2), id(1), 10));
        SendWindow.Stream stream = window.poll();
        assertEquals(SendWindow.Answer.IMPOSSIBLE, window.acknowledged(stream.number(), id(1)));
        window.wholeEncoded(stream);
        assertEquals(SendWindow.Answer.IMPOSSIBLE, window.refused(stream.number(), id(1)));
        window.wholeSent(stream.number());
        assertEquals(SendWindow.Answer.IMPOSSIBLE, window.acknowledged(stream.number(), id(2)));
        assertEquals(SendWindow.Answer.IMPOSSIBLE, window.acknowledged(stream.number() + 1, id(1)));
        assertEquals(SendWindow.Answer.TAKEN, window.acknowledged(stream.number(), id(1)));
        Resume liar = new Resume(List.of(new Resume.Position(stream.number(), id(2), id(2))));
        SendWindow.Resumed resumed = window.resume(liar, MAX_BYTES, Long.MAX_VALUE);
        assertEquals(List.of(), resumed.commits());
        assertEquals(1, resumed.broken().size());
        assertEquals(id(2), resumed.broken().get(0).epoch());
        assertEquals(Map.of(), window.inFlight());
    }

    @Test
    void streamsAreTakenInTurnAPieceEach() {
        SendWindow window = new SendWindow(MAX_BYTES, Epoch::close);
        window.offer(epoch(WEB, id(1), EpochId.NONE, 10));
        SendWindow.Stream web = window.poll();
        assertNull(window.poll(), "no second piece of a stream while one is being made");
        window.offer(epoch(DB, id(1), EpochId.NONE, 10));
        window.offer(epoch(WEB, id(2), id(1), 10));
        SendWindow.Stream db = window.poll();
        assertEquals(DB, db.vm());
        assertNull(window.poll());
        window.again(web);
        window.again(db);
        assertEquals(WEB, window.poll().vm());
        assertEquals(DB, window.poll().vm());
    }

    @Test
    void whatIsNextForTheConnectionIsTheOldestThatIsNotSent() {
        SendWindow window = new SendWindow(MAX_BYTES, Epoch::close);
        Epoch first = epoch(WEB, id(1), EpochId.NONE, 10);
        Epoch second = epoch(WEB, id(2), id(1), 20);
        window.offer(first);
        window.offer(second);
        long firstBytes = first.plainBytes();
        long secondBytes = second.plainBytes();
        SendWindow.Stream web = window.poll();
        assertEquals(firstBytes, window.nextBytes(web.number()), "it is being encoded");
        window.wholeEncoded(web);
        window.again(web);
        assertEquals(web, window.poll());
        assertEquals(firstBytes, window.nextBytes(web.number()), "while the second is being encoded");
        window.wholeSent(web.number());
        assertEquals(secondBytes, window.nextBytes(web.number()));
        window.wholeEncoded(web);
        window.wholeSent(web.number());
        assertEquals(0, window.nextBytes(web.number()));
        assertEquals(0, window.nextBytes(web.number() + 1), "of no stream");
        window.clear();
    }

    @Test
    void aHugeEpochTakesTurnsWithFiftyOthersStretchByStretch() {
        SendWindow window = new SendWindow(MAX_BYTES, Epoch::close);
        window.offer(epoch(WEB, id(1), EpochId.NONE, 1 << 20));
        SendWindow.Stream huge = window.poll();
        for (int vm = 0; vm < 50; vm++) {
            window.offer(epoch(new VmId("vm" + vm), id(1), EpochId.NONE, 10));
        }
        window.again(huge);
        for (int vm = 0; vm < 50; vm++) {
            SendWindow.Stream other = window.poll();
            assertEquals(new VmId("vm" + vm), other.vm(), "the stretch of the huge one was its turn");
            whole(window, other);
        }
        assertEquals(huge, window.poll());
        window.offer(epoch(DB, id(1), EpochId.NONE, 10));
        window.again(huge);
        assertEquals(DB, window.poll().vm());
        window.clear();
    }

    @Test
    void aBreakPutsBackWhatIsEncodedAndNotSent() {
        SendWindow window = new SendWindow(MAX_BYTES, Epoch::close);
        for (int number = 1; number <= 4; number++) {
            window.offer(epoch(WEB, id(number), number == 1 ? EpochId.NONE : id(number - 1), 10));
        }
        SendWindow.Stream stream = window.poll();
        window.wholeEncoded(stream);
        window.wholeSent(stream.number());
        window.wholeEncoded(stream);
        window.wholeSent(stream.number());
        window.wholeEncoded(stream);
        assertEquals(id(4), stream.current().header().epoch());
        window.resume(
                new Resume(List.of(new Resume.Position(stream.number(), id(1), EpochId.NONE))), MAX_BYTES, 1L << 30);
        assertEquals(id(2), stream.current().header().epoch());
        assertEquals(SendWindow.Answer.TAKEN, window.acknowledged(stream.number(), id(1)));
        assertEquals(List.of(stream.number(), stream.number(), stream.number()), sendAll(window));
        assertEquals(SendWindow.Answer.TAKEN, window.acknowledged(stream.number(), id(4)));
    }

    /**
     * Sender and receiver over a line that carries frames in order and breaks at random. Whatever happens, the receiver gets
     * each chain in order, each epoch once, and every commit that the sender learns is of an epoch that the receiver
     * committed in that very chain.
     */
    @Test
    void resumesWithoutLossAndWithoutDoubleDeliveryWhateverBreaks() {
        for (long seed = 0; seed < 400; seed++) {
            new BrokenLine(seed).run();
        }
    }

    private static final class BrokenLine {
        private record Sent(int stream, Epoch epoch) {}

        private static final long WINDOW = 23;

        private final long seed;
        private final Random random;
        private final SendWindow window = new SendWindow(WINDOW, Epoch::close);
        private ReceiveLedger ledger = new ReceiveLedger(WINDOW);
        private final Deque<Sent> forward = new ArrayDeque<>();
        private final Deque<Sent> back = new ArrayDeque<>();
        private final Deque<Epoch> undecided = new ArrayDeque<>();
        private final Map<Integer, EpochId> deliveredByChain = new HashMap<>();
        private final Map<Integer, EpochId> committedByReceiver = new HashMap<>();
        private EpochId last = EpochId.NONE;
        private EpochId lastLearnt = EpochId.NONE;
        private boolean up;
        private long incarnation = 1;

        private BrokenLine(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
        }

        private void run() {
            for (int step = 0; step < 300; step++) {
                switch (random.nextInt(12)) {
                    case 0, 1, 2 -> offer();
                    case 3, 4 -> send();
                    case 5, 6 -> receive();
                    case 7 -> decide();
                    case 8, 9 -> learn();
                    case 10 -> breakOrConnect();
                    default -> {
                        if (random.nextInt(8) == 0) {
                            discard();
                        } else if (random.nextInt(20) == 0) {
                            receiverRestarts();
                        }
                    }
                }
            }
            settle();
            window.clear();
            assertTrue(undecided.isEmpty());
        }

        private void offer() {
            EpochId id = last.equals(EpochId.NONE) ? id(1 + random.nextInt(2)) : last.next();
            SendWindow.InFlight inFlight = window.inFlight().get(WEB);
            if (inFlight == null || inFlight.bytes() < WINDOW) {
                Epoch epoch = epoch(WEB, id, last, random.nextInt(20) == 0 ? 99 : 1 + random.nextInt(9));
                assertEquals(Optional.empty(), window.offer(epoch), where());
                last = id;
            }
        }

        private void send() {
            SendWindow.Stream stream = up ? window.poll() : null;
            if (stream != null) {
                if (stream.open()) {
                    assertEquals(Optional.empty(), ledger.open(stream.number(), stream.vm()), where());
                }
                forward.addLast(new Sent(stream.number(), stream.current()));
                whole(window, stream);
            }
        }

        private void receive() {
            Sent arrived = forward.poll();
            if (arrived != null && ledger.vm(arrived.stream()).isPresent()) {
                EpochId id = arrived.epoch().header().epoch();
                long bytes = arrived.epoch().plainBytes();
                assertEquals(Optional.empty(), ledger.deliver(arrived.stream(), id, bytes), where() + ": " + id);
                EpochId before = deliveredByChain.put(arrived.stream(), id);
                if (before != null) {
                    assertEquals(before.next(), id, where() + " a gap");
                }
                undecided.addLast(epoch(WEB, id, EpochId.NONE, 1));
            }
        }

        private void decide() {
            Epoch epoch = undecided.poll();
            if (epoch != null) {
                EpochId id = epoch.header().epoch();
                ledger.acknowledge(WEB, id).ifPresent(stream -> {
                    committedByReceiver.put(stream, id);
                    if (up) {
                        back.addLast(new Sent(stream, epoch));
                    }
                });
                epoch.close();
            }
        }

        private void learn() {
            Sent answer = back.poll();
            if (answer != null) {
                EpochId id = answer.epoch().header().epoch();
                if (window.acknowledged(answer.stream(), id) == SendWindow.Answer.TAKEN) {
                    credited(answer.stream(), id);
                }
            }
        }

        private void credited(int stream, EpochId id) {
            assertTrue(lastLearnt.compareTo(id) < 0, where() + " learnt " + id + " twice");
            assertTrue(id.atMost(committedByReceiver.getOrDefault(stream, EpochId.NONE)), where() + " invented " + id);
            lastLearnt = id;
        }

        private void breakOrConnect() {
            forward.clear();
            back.clear();
            up = !up;
            if (up) {
                ledger.hello(incarnation);
                Resume resume = ledger.resume();
                SendWindow.Resumed resumed = window.resume(resume, WINDOW, Long.MAX_VALUE);
                assertEquals(List.of(), resumed.broken(), where());
                for (SendWindow.Commit commit : resumed.commits()) {
                    credited(resume.positions().get(0).stream(), commit.epoch());
                }
            }
        }

        private void discard() {
            window.discard(WEB).ifPresent(stream -> {
                if (up) {
                    ledger.discard(stream.number());
                }
            });
            forward.clear();
            last = EpochId.NONE;
            lastLearnt = EpochId.NONE;
        }

        private void receiverRestarts() {
            if (up) {
                breakOrConnect();
            }
            ledger = new ReceiveLedger(WINDOW);
            deliveredByChain.clear();
            undecided.forEach(Epoch::close);
            undecided.clear();
        }

        /** Without further faults everything that was offered becomes known as committed. */
        private void settle() {
            if (!up) {
                breakOrConnect();
            }
            for (int i = 0; i < 1000 && !window.inFlight().isEmpty(); i++) {
                send();
                receive();
                decide();
                learn();
            }
            assertEquals(Map.of(), window.inFlight(), where());
            while (!undecided.isEmpty()) {
                decide();
            }
        }

        private String where() {
            return "seed " + seed;
        }
    }

    private static List<Integer> sendAll(SendWindow window) {
        List<Integer> streams = new ArrayList<>();
        for (SendWindow.Stream stream = window.poll(); stream != null; stream = window.poll()) {
            streams.add(stream.number());
            whole(window, stream);
        }
        return streams;
    }

    private static void whole(SendWindow window, SendWindow.Stream stream) {
        window.wholeEncoded(stream);
        window.wholeSent(stream.number());
        window.again(stream);
    }

    private static EpochId id(long number) {
        return new EpochId(3, number);
    }

    private static Epoch epoch(VmId vm, EpochId id, EpochId base, int bytes) {
        return new Epoch(new EpochHeader(vm, id, base, PageSet.PAGE_BYTES), PageSet.empty(), new byte[bytes]);
    }
}
