package org.secondsite.gateway.change;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GatewayConfig;

class CommitsTest {
    private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

    private final Kept kept = new Kept();
    private final List<Integer> applied = new ArrayList<>();
    private Instant now = BEGIN;
    private int failsAt;
    private final Commits commits =
            new Commits(kept, GatewayTexts::judge, this::apply, GatewayTexts.config(GatewayTexts.FILE), () -> now);

    /** Revisions in memory, that can refuse to be kept. */
    private static final class Kept implements Revisions {
        private final List<Revision> all = new ArrayList<>(
                List.of(new Revision(1, BEGIN, "gateway", "the first start", List.of(), GatewayTexts.FILE)));
        private Optional<Unconfirmed> unconfirmed = Optional.empty();
        private boolean isFull;

        @Override
        public List<Revision> all() {
            return List.copyOf(all);
        }

        @Override
        public Optional<Unconfirmed> unconfirmed() {
            return unconfirmed;
        }

        @Override
        public void keep(Revision revision, Optional<Unconfirmed> waiting) throws IOException {
            if (isFull) {
                throw new IOException("No space left on device");
            }
            all.add(revision);
            unconfirmed = waiting;
        }

        @Override
        public void confirm() {
            unconfirmed = Optional.empty();
        }
    }

    private void apply(GatewayConfig after) throws IOException {
        applied.add(after.checkpoint().intervalMs());
        if (after.checkpoint().intervalMs() == failsAt) {
            throw new IOException("planted");
        }
    }

    private Candidate candidate(String text) {
        return new Candidate(text, "user root", "a test", Optional.empty(), Optional.empty(), Candidate.When.NOW);
    }

    private Candidate toConfirm(String text) {
        return new Candidate(
                text, "user root", "a test", Optional.empty(), Optional.of(Duration.ofSeconds(3)), Candidate.When.NOW);
    }

    private String running() {
        return kept.all.getLast().text();
    }

    private String refused(Candidate candidate) {
        String before = running();
        String message = assertThrows(RefusedException.class, () -> commits.commit(candidate))
                .getMessage();
        assertEquals(before, running(), "nothing has changed");
        return message;
    }

    /** Tells what is asked of it, in order. */
    private final class Steps implements Applier {
        private final List<String> done = new ArrayList<>();
        private boolean refuses;

        @Override
        public void prepare(GatewayConfig wanted) throws IOException {
            done.add("prepare, " + kept.all.size() + " kept");
            if (refuses) {
                throw new IOException("the other site has not dropped vm1");
            }
        }

        @Override
        public void abandon() {
            done.add("abandon");
        }

        @Override
        public void apply(GatewayConfig wanted) {
            done.add("apply, " + kept.all.size() + " kept");
        }
    }

    @Test
    void whatMustComeFirstIsDoneBeforeItIsKept() throws Exception {
        Steps steps = new Steps();
        Commits others =
                new Commits(kept, GatewayTexts::judge, steps, GatewayTexts.config(GatewayTexts.FILE), () -> now);
        others.commit(candidate(GatewayTexts.interval(50)));
        assertEquals(List.of("prepare, 1 kept", "apply, 2 kept"), steps.done);

        steps.done.clear();
        steps.refuses = true;
        RefusedException refused =
                assertThrows(RefusedException.class, () -> others.commit(candidate(GatewayTexts.interval(60))));
        assertEquals("it cannot be done now: the other site has not dropped vm1", refused.getMessage());
        assertEquals(2, kept.all.size(), "nothing is kept");

        steps.done.clear();
        steps.refuses = false;
        kept.isFull = true;
        assertThrows(RefusedException.class, () -> others.commit(candidate(GatewayTexts.interval(60))));
        assertEquals(List.of("prepare, 2 kept", "abandon"), steps.done);
    }

    @Test
    void aCommitIsKeptThenCarriedOut() throws Exception {
        Outcome outcome = commits.commit(candidate(GatewayTexts.interval(200)));
        assertEquals(2, outcome.revision());
        assertEquals(List.of(200), applied);
        assertEquals(GatewayTexts.interval(200), running());
        Revision revision = kept.all.getLast();
        assertEquals("user root", revision.who());
        assertTrue(revision.differences().contains("~ checkpoint.intervalMs: 100 -> 200"), revision.toString());
    }

    @Test
    void theSameAgainIsNoRevision() throws Exception {
        assertEquals(1, commits.commit(candidate(GatewayTexts.FILE)).revision());
        assertEquals(List.of(), applied);
    }

    @Test
    void aCommentIsKeptAndChangesNothing() throws Exception {
        Outcome outcome = commits.commit(candidate("# why\n" + GatewayTexts.FILE));
        assertEquals(List.of(), outcome.impacts());
        assertTrue(running().startsWith("# why"));
    }

    @Test
    void aFileWithErrorsNamesThemAll() {
        String message = refused(candidate(
                GatewayTexts.FILE.replace("intervalMs: 100", "intervalMs: 1").replace("peerSite: b", "peerSite: a")));
        assertTrue(message.contains("gateway.yaml:2:") && message.contains("gateway.yaml:6:"), message);
        assertEquals(List.of(), applied);
    }

    @Test
    void whatNeedsARestartIsRefusedByName() {
        String message = refused(candidate(GatewayTexts.interval(200)
                .replace("inside: in0", "inside: in1")
                .replace("socket: /run", "socket: /tmp")));
        assertTrue(message.contains("needs a restart: ~ dataPlane.inside: in0 -> in1"), message);
        assertTrue(
                message.contains(
                        "needs a restart: ~ management.socket: /run/secondsite/a.sock -> /tmp/secondsite/a.sock"),
                message);
        assertFalse(message.contains("intervalMs"), message);
    }

    @Test
    void whatNeedsARestartCanBeKeptForTheNextStart() throws Exception {
        String text = GatewayTexts.interval(200).replace("inside: in0", "inside: in1");
        commits.commit(
                new Candidate(text, "user root", "", Optional.empty(), Optional.empty(), Candidate.When.AT_NEXT_START));
        assertEquals(text, running());
        assertEquals(List.of(), applied);
        assertEquals(2, commits.impact(text).size(), "it is compared with what runs");
    }

    @Test
    void aTickedVmIsNotTakenOutAtARestart() throws Exception {
        for (String text : List.of(
                GatewayTexts.FILE.replace("name: vm1,", "name: vm9,").replace("vms: [vm1]", "vms: [vm9]"),
                GatewayTexts.FILE.replace("name: web", "name: shop"))) {
            Candidate later = new Candidate(
                    text, "user root", "", Optional.empty(), Optional.empty(), Candidate.When.AT_NEXT_START);
            assertTrue(
                    refused(later).contains("vm1 is ticked in group web, and the file does not have it there"),
                    refused(later));
            assertEquals(GatewayTexts.FILE, running());
        }
    }

    @Test
    void whatIsBasedOnAnotherRevisionIsRefused() throws Exception {
        commits.commit(candidate(GatewayTexts.interval(200)));
        Candidate stale = new Candidate(
                GatewayTexts.interval(300), "user root", "", Optional.of(1), Optional.empty(), Candidate.When.NOW);
        assertTrue(refused(stale).contains("based on revision 1, but 2 runs"));
    }

    @Test
    void ofTwentyCommitsAtOnceNoneIsLostAndStaleOnesAreRefused() throws Exception {
        CountDownLatch begin = new CountDownLatch(1);
        AtomicInteger taken = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            String text = GatewayTexts.interval(200 + i);
            Optional<Integer> basedOn = i % 2 == 0 ? Optional.empty() : Optional.of(1);
            threads.add(Thread.ofVirtual().start(() -> {
                try {
                    begin.await();
                    commits.commit(new Candidate(text, "user root", "", basedOn, Optional.empty(), Candidate.When.NOW));
                    taken.incrementAndGet();
                } catch (RefusedException e) {
                    refused.incrementAndGet();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
        }
        begin.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(20, taken.get() + refused.get());
        assertTrue(refused.get() >= 9, "at most one of ten can be based on the first revision");
        assertEquals(1 + taken.get(), kept.all.size());
    }

    @Test
    void unconfirmedItIsTakenBack() throws Exception {
        commits.commit(toConfirm(GatewayTexts.interval(200)));
        now = BEGIN.plusMillis(2999);
        assertEquals(Optional.empty(), commits.expire());
        now = BEGIN.plusSeconds(3);
        assertEquals(3, commits.expire().orElseThrow().revision());
        assertEquals(GatewayTexts.FILE, running());
        assertEquals(List.of(200, 100), applied);
        assertEquals(Optional.empty(), commits.expire());
    }

    @Test
    void theGatewayGoesBackEvenIfItsDiskIsFull() throws Exception {
        commits.commit(toConfirm(GatewayTexts.interval(200)));
        now = BEGIN.plusSeconds(3);
        kept.isFull = true;
        assertThrows(RefusedException.class, commits::expire);
        assertThrows(RefusedException.class, commits::expire);
        assertEquals(List.of(200, 100), applied, "once, whatever the disk says");
        assertTrue(commits.unconfirmed().isPresent(), "a start would take the file back");
        kept.isFull = false;
        assertTrue(commits.expire().isPresent());
        assertEquals(GatewayTexts.FILE, running());
        assertEquals(List.of(200, 100), applied);
    }

    @Test
    void whatIsForTheNextStartAndWhatWaitsToBeConfirmedKeepApart() throws Exception {
        Candidate later = new Candidate(
                GatewayTexts.FILE.replace("inside: in0", "inside: in1"),
                "user root",
                "",
                Optional.empty(),
                Optional.empty(),
                Candidate.When.AT_NEXT_START);
        Candidate both = new Candidate(
                later.text(), "user root", "", Optional.empty(), Optional.of(Duration.ofSeconds(3)), later.when());
        assertTrue(refused(both).contains("cannot wait to be confirmed"));
        commits.commit(toConfirm(GatewayTexts.interval(200)));
        assertTrue(refused(later).contains("a revision waits to be confirmed"));
        assertTrue(commits.unconfirmed().isPresent(), "it confirms nothing by the way");
        commits.rollBack(1, "user root", "");
        commits.commit(later);
        assertTrue(refused(toConfirm(GatewayTexts.interval(200))).contains("waits for the next start"));
    }

    @Test
    void confirmedItStays() throws Exception {
        commits.commit(toConfirm(GatewayTexts.interval(200)));
        commits.confirm();
        now = BEGIN.plusSeconds(60);
        assertEquals(Optional.empty(), commits.expire());
        assertEquals(GatewayTexts.interval(200), running());
        assertThrows(RefusedException.class, commits::confirm);
    }

    @Test
    void aSecondCommitToBeConfirmedKeepsWhereItGoesBackTo() throws Exception {
        commits.commit(toConfirm(GatewayTexts.interval(200)));
        now = BEGIN.plusSeconds(2);
        commits.commit(toConfirm(GatewayTexts.interval(300)));
        now = BEGIN.plusSeconds(4);
        assertEquals(Optional.empty(), commits.expire(), "the time begins anew");
        now = BEGIN.plusSeconds(5);
        assertTrue(commits.expire().isPresent());
        assertEquals(GatewayTexts.FILE, running());
    }

    @Test
    void aCommitWithoutConditionConfirmsWhatWaits() throws Exception {
        commits.commit(toConfirm(GatewayTexts.interval(200)));
        commits.commit(candidate(GatewayTexts.interval(200)));
        assertEquals(Optional.empty(), commits.unconfirmed());
        commits.commit(toConfirm(GatewayTexts.interval(300)));
        commits.commit(candidate(GatewayTexts.interval(400)));
        assertEquals(Optional.empty(), commits.unconfirmed());
        assertEquals(GatewayTexts.interval(400), running());
    }

    @Test
    void rollsBack() throws Exception {
        commits.commit(candidate(GatewayTexts.interval(200)));
        commits.commit(candidate(GatewayTexts.interval(300)));
        commits.rollBack(1, "user root", "");
        assertEquals(GatewayTexts.interval(200), running());
        commits.rollBack(3, "user root", "");
        assertEquals(GatewayTexts.FILE, running());
        assertThrows(RefusedException.class, () -> commits.rollBack(9, "user root", ""));
        commits.commit(toConfirm(GatewayTexts.interval(200)));
        commits.commit(toConfirm(GatewayTexts.interval(300)));
        commits.rollBack(1, "user root", "");
        assertEquals(GatewayTexts.FILE, running(), "to before what waited");
        assertEquals(Optional.empty(), commits.unconfirmed());
    }

    @Test
    void aFailureHalfWayIsUndoneAsAWhole() {
        failsAt = 200;
        String message = refused(candidate(GatewayTexts.interval(200)));
        assertTrue(message.contains("planted"), message);
        assertEquals(List.of(200, 100), applied, "what was begun is undone");
    }

    @Test
    void aFullDiskChangesNothing() {
        kept.isFull = true;
        String message = refused(candidate(GatewayTexts.interval(200)));
        assertTrue(message.contains("nothing was changed: No space left on device"), message);
        assertEquals(List.of(), applied, "it is kept before it is carried out");
    }
}
