package org.secondsite.gateway.change;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.VmId;
import org.secondsite.config.change.Difference;

/**
 * The one way in which a running gateway's configuration changes: judged, compared, kept on disk, carried out; then confirmed, or
 * taken back by itself. One commit at a time.
 *
 * <pre>
 *   settled --commit--> settled                     the new revision runs
 *   settled --commit, to be confirmed--> waiting    the new revision runs for now
 *   waiting --confirm, or a commit without condition--> settled
 *   waiting --commit, to be confirmed--> waiting    what it goes back to stays the same
 *   waiting --time is over, or roll back--> settled the revision before the first of them runs again
 * </pre>
 *
 * <p>A start while something waits to be confirmed goes back as well: whoever was to confirm it has seen the gateway go.
 */
public final class Commits {
    private final Revisions revisions;
    private final Function<String, ConfigResult<GatewayConfig>> judge;
    private final Applier applier;
    private final InstantSource time;
    private GatewayConfig running;

    /**
     * Begins with what a gateway was started with.
     *
     * @param judge reads a file's text as at a start
     * @param running what runs, which is the last revision
     */
    public Commits(
            Revisions revisions,
            Function<String, ConfigResult<GatewayConfig>> judge,
            Applier applier,
            GatewayConfig running,
            InstantSource time) {
        this.revisions = revisions;
        this.judge = judge;
        this.applier = applier;
        this.running = running;
        this.time = time;
    }

    /** Every revision that is kept, oldest first. */
    public synchronized List<Revision> history() {
        return revisions.all();
    }

    /** What waits to be confirmed. */
    public synchronized Optional<Revisions.Unconfirmed> unconfirmed() {
        return revisions.unconfirmed();
    }

    /**
     * What a candidate would do. Changes nothing.
     *
     * @throws RefusedException if it is not in order, with every problem
     */
    public synchronized List<Impact> impact(String text) throws RefusedException {
        return Impact.between(running, judged(text));
    }

    /**
     * Makes the gateway run a candidate, or keeps it for the next start.
     *
     * @throws RefusedException if it is not in order, is based on a revision that does not run any more, needs a restart, cannot be
     *     kept, or fails; the configuration before runs on then
     */
    public synchronized Outcome commit(Candidate candidate) throws RefusedException {
        GatewayConfig wanted = judged(candidate.text());
        int number = last().number();
        if (candidate.basedOn().isPresent() && candidate.basedOn().get() != number) {
            throw new RefusedException(
                    RefusedException.Kind.STALE,
                    List.of("it is based on revision " + candidate.basedOn().get() + ", but " + number
                            + " runs: compare it with that one, and commit it again"));
        }
        List<Impact> impacts = Impact.between(running, wanted);
        switch (candidate.when()) {
            case NOW -> refuseRestarts(impacts);
            case AT_NEXT_START -> {
                if (revisions.unconfirmed().isPresent()) {
                    throw new RefusedException("a revision waits to be confirmed: confirm it or roll it back first");
                }
                refuseToLoseMembers(wanted);
            }
        }
        if (candidate.confirmWithin().isPresent()) {
            refuseToConfirmAcrossAStart(candidate);
        }
        if (impacts.isEmpty() && candidate.text().equals(last().text())) {
            settle(candidate);
            return new Outcome(number, impacts);
        }
        Revision revision = new Revision(
                number + 1,
                time.instant(),
                candidate.who(),
                candidate.reason(),
                differences(impacts),
                candidate.text());
        if (candidate.when() == Candidate.When.AT_NEXT_START) {
            keep(revision, Optional.empty());
        } else {
            take(revision, wanted, waiting(candidate, revision.number()));
        }
        return new Outcome(revision.number(), impacts);
    }

    /**
     * What waits to be confirmed stays.
     *
     * @throws RefusedException if nothing waits
     */
    public synchronized void confirm() throws RefusedException {
        if (revisions.unconfirmed().isEmpty()) {
            throw new RefusedException("nothing waits to be confirmed");
        }
        settle();
    }

    /**
     * Goes back to an earlier revision, as a new one.
     *
     * @param steps how many revisions, from 1; while something waits to be confirmed, 1 is what that goes back to
     * @throws RefusedException as {@link #commit} does, or if there is no such revision
     */
    public synchronized Outcome rollBack(int steps, String who, String reason) throws RefusedException {
        Optional<Revisions.Unconfirmed> waiting = revisions.unconfirmed();
        int number = waiting.isPresent() && steps == 1 ? waiting.get().backTo() : last().number() - steps;
        return commit(new Candidate(
                revision(number).text(), who, reason, Optional.empty(), Optional.empty(), Candidate.When.NOW));
    }

    /**
     * Goes back when the time to confirm is over. Asked now and then. The gateway goes back even if its disk takes nothing: whoever was
     * to confirm may be cut off, and what waits on the disk takes the file back at the next start.
     *
     * @return what was done; empty: nothing was due
     * @throws RefusedException if it cannot go back, or that cannot be kept; asked again, it tries again
     */
    public synchronized Optional<Outcome> expire() throws RefusedException {
        Optional<Revisions.Unconfirmed> waiting = revisions.unconfirmed();
        if (waiting.isEmpty() || time.instant().isBefore(waiting.get().confirmBy())) {
            return Optional.empty();
        }
        Revision to = revision(waiting.get().backTo());
        GatewayConfig wanted = judged(to.text());
        List<Impact> impacts = Impact.between(running, wanted);
        if (!impacts.isEmpty()) {
            goBack(wanted);
        }
        Revision back = new Revision(
                last().number() + 1,
                time.instant(),
                "gateway",
                "revision " + waiting.get().number() + " was not confirmed in time",
                differences(impacts),
                to.text());
        keep(back, Optional.empty());
        return Optional.of(new Outcome(back.number(), impacts));
    }

    private void goBack(GatewayConfig wanted) throws RefusedException {
        try {
            applier.apply(wanted);
            running = wanted;
        } catch (Exception e) {
            throw new RefusedException("it failed: " + e.getMessage());
        }
    }

    private Revision revision(int number) throws RefusedException {
        List<Revision> all = revisions.all();
        return all.stream()
                .filter(revision -> revision.number() == number)
                .findFirst()
                .orElseThrow(() -> new RefusedException("there is no revision " + number
                        + "; the oldest that is kept is " + all.getFirst().number()));
    }

    private Revision last() {
        return revisions.all().getLast();
    }

    private GatewayConfig judged(String text) throws RefusedException {
        return switch (judge.apply(text)) {
            case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) -> config;
            case ConfigResult.Invalid<GatewayConfig>(List<Problem> problems) ->
                throw new RefusedException(
                        RefusedException.Kind.INVALID,
                        problems.stream().map(Problem::toString).toList());
        };
    }

    private static void refuseRestarts(List<Impact> impacts) throws RefusedException {
        List<String> reasons = impacts.stream()
                .filter(Impact::needsRestart)
                .flatMap(impact -> impact.change().differences().stream())
                .map(difference -> "needs a restart: " + difference)
                .toList();
        if (!reasons.isEmpty()) {
            List<String> lines = new ArrayList<>(reasons);
            lines.add("commit it for the next start (--at-restart), or without these");
            throw new RefusedException(lines);
        }
    }

    /** A gateway does not start with a file that lacks a VM which the other site may go on from. */
    private void refuseToLoseMembers(GatewayConfig wanted) throws RefusedException {
        List<String> lines = new ArrayList<>();
        for (GatewayConfig.Group group : running.groups()) {
            Set<VmId> there = wanted.groups().stream()
                    .filter(one -> one.id().equals(group.id()))
                    .flatMap(one -> one.vms().stream())
                    .map(GatewayConfig.Vm::id)
                    .collect(Collectors.toSet());
            group.vms().stream()
                    .filter(vm -> vm.isProtected() && !there.contains(vm.id()))
                    .map(vm -> vm.id() + " is ticked in group " + group.id() + ", and the file does not have it there:"
                            + " untick it first, and take it out when it has left")
                    .forEach(lines::add);
        }
        if (!lines.isEmpty()) {
            throw new RefusedException(lines);
        }
    }

    /** What goes back goes back to what runs, and a start takes back whatever waits. */
    private void refuseToConfirmAcrossAStart(Candidate candidate) throws RefusedException {
        if (candidate.when() == Candidate.When.AT_NEXT_START) {
            throw new RefusedException("what counts from the next start on cannot wait to be confirmed");
        }
        if (revisions.unconfirmed().isEmpty()
                && !Impact.between(running, judged(last().text())).isEmpty()) {
            throw new RefusedException("revision " + last().number()
                    + " waits for the next start, and nothing could go back to it: commit without a confirmation");
        }
    }

    private static List<String> differences(List<Impact> impacts) {
        return impacts.stream()
                .flatMap(impact -> impact.change().differences().stream())
                .map(Difference::toString)
                .toList();
    }

    /** A second commit that is to be confirmed goes back to where the first one would. */
    private Optional<Revisions.Unconfirmed> waiting(Candidate candidate, int number) {
        int backTo = revisions.unconfirmed().map(Revisions.Unconfirmed::backTo).orElse(last().number());
        return candidate.confirmWithin().map(within -> {
            Instant by = time.instant().plus(within);
            return new Revisions.Unconfirmed(number, backTo, by);
        });
    }

    private void take(Revision revision, GatewayConfig wanted, Optional<Revisions.Unconfirmed> waiting)
            throws RefusedException {
        Revision before = last();
        Optional<Revisions.Unconfirmed> waitingBefore = revisions.unconfirmed();
        try {
            applier.prepare(wanted);
        } catch (Exception e) {
            throw new RefusedException("it cannot be done now: " + e.getMessage());
        }
        try {
            keep(revision, waiting);
        } catch (RefusedException e) {
            applier.abandon();
            throw e;
        }
        try {
            applier.apply(wanted);
            running = wanted;
        } catch (Exception e) {
            throw new RefusedException("it failed, and the configuration before runs again: " + e.getMessage()
                    + undo(before, revision, waitingBefore));
        }
    }

    /** After a failure half-way; what could not be put back is told. */
    private String undo(Revision before, Revision failed, Optional<Revisions.Unconfirmed> waitingBefore) {
        StringBuilder also = new StringBuilder();
        try {
            applier.apply(running);
        } catch (Exception e) {
            also.append("; and going back failed too, so that a restart is needed: ")
                    .append(e.getMessage());
        }
        try {
            revisions.keep(
                    new Revision(
                            failed.number() + 1,
                            time.instant(),
                            "gateway",
                            "revision " + failed.number() + " failed",
                            List.of(),
                            before.text()),
                    waitingBefore);
        } catch (IOException e) {
            also.append("; and the file could not be put back: ").append(e.getMessage());
        }
        return also.toString();
    }

    private void keep(Revision revision, Optional<Revisions.Unconfirmed> unconfirmed) throws RefusedException {
        try {
            revisions.keep(revision, unconfirmed);
        } catch (IOException e) {
            throw new RefusedException("it cannot be kept, so nothing was changed: " + e.getMessage());
        }
    }

    private void settle(Candidate candidate) throws RefusedException {
        if (revisions.unconfirmed().isPresent() && candidate.confirmWithin().isEmpty()) {
            settle();
        }
    }

    private void settle() throws RefusedException {
        try {
            revisions.confirm();
        } catch (IOException e) {
            throw new RefusedException("the confirmation cannot be kept: " + e.getMessage());
        }
    }
}
