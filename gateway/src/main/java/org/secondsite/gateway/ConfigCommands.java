package org.secondsite.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.config.yaml.VmTick;
import org.secondsite.gateway.change.Applier;
import org.secondsite.gateway.change.Candidate;
import org.secondsite.gateway.change.Commits;
import org.secondsite.gateway.change.Impact;
import org.secondsite.gateway.change.Outcome;
import org.secondsite.gateway.change.RefusedException;
import org.secondsite.gateway.change.Revision;
import org.secondsite.gateway.change.Revisions;
import org.secondsite.gateway.group.SiteOrder;
import org.secondsite.gateway.timeline.Timeline;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The commands that show and change the configuration of a running gateway, on a thread of their own: writing to disk keeps nobody
 * waiting who decides.
 */
final class ConfigCommands implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigCommands.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SUBJECT = "configuration";
    private static final int LOOK_MS = 100;
    private static final int RETRY_MS = 2_000;
    private static final int MAX_CONFIRM_SECONDS = 86_400;

    private final GatewayFile file;
    private final Commits commits;
    private final Timeline timeline;
    /** Why what is owed could not be done when that was last tried; empty: nothing stood in the way. */
    private String obstacle = "";
    /** What the file said before the start of VMs that have to leave first, until that is carried out or another text runs. */
    private Optional<String> owed = Optional.empty();

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("configuration").daemon().factory());

    ConfigCommands(GatewayFile file, GatewayConfig running, Applier applier, Timeline timeline) {
        this.file = file;
        this.timeline = timeline;
        commits = new Commits(file.revisions(), file::judge, applier, running, InstantSource.system());
        var _ = thread.scheduleWithFixedDelay(this::expire, LOOK_MS, LOOK_MS, TimeUnit.MILLISECONDS);
    }

    /** The gateway was started with VMs ticked that its file ticks no more: they leave as soon as they can. */
    void letLeave(Set<VmId> former) {
        if (former.isEmpty()) {
            return;
        }
        thread.execute(() -> {
            timeline.note(
                    SUBJECT,
                    "config",
                    "the file ticks " + former
                            + " no more; the other site may go on from these, so they leave before they pass");
            owed = Optional.of(last().text());
        });
        var _ = thread.scheduleWithFixedDelay(this::letLeave, LOOK_MS, RETRY_MS, TimeUnit.MILLISECONDS);
    }

    private void letLeave() {
        if (owed.isEmpty() || !owed.get().equals(last().text())) {
            owed = Optional.empty();
            return;
        }
        try {
            commit(new Candidate(
                    owed.get(),
                    "gateway",
                    "as the file was at the start",
                    Optional.empty(),
                    Optional.empty(),
                    Candidate.When.NOW));
            owed = Optional.empty();
            obstacle = "";
        } catch (RefusedException e) {
            refused("VMs that the file ticks no more stay, for now: ", e);
        }
    }

    /** It is tried again and again: the same obstacle is worth one line. */
    private void refused(String what, RefusedException e) {
        if (!obstacle.equals(e.getMessage())) {
            obstacle = e.getMessage();
            timeline.note(SUBJECT, "config-refused", what + obstacle);
        }
    }

    /** Answers a request; its member {@code who} is the caller, as the kernel knows it. */
    JsonNode answer(JsonNode request) throws Exception {
        try {
            return thread.submit(() -> carryOut(request)).get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private JsonNode carryOut(JsonNode request) throws RefusedException {
        String action = request.path("action").asText();
        return switch (action) {
            case "show" -> show();
            case "history" -> history();
            case "diff" ->
                changes(
                        JSON.createObjectNode(),
                        commits.impact(request.path("text").asText()));
            case "commit" -> committed(commit(candidate(request)));
            case "protect" -> committed(commit(ticking(request, VmTick::ticked)));
            case "unprotect" -> committed(commit(ticking(request, VmTick::unticked)));
            case "confirm" -> confirm(request);
            case "rollback" -> committed(rollBack(request));
            default ->
                throw new RefusedException("no action '" + action
                        + "'; there are show, history, diff, commit, protect, unprotect, confirm and rollback");
        };
    }

    /** What runs, or is kept for the next start. */
    Revision running() {
        return last();
    }

    /** Every revision that is kept, oldest first. */
    List<Revision> revisions() {
        return commits.history();
    }

    /** What waits to be confirmed. */
    Optional<Revisions.Unconfirmed> unconfirmed() {
        return commits.unconfirmed();
    }

    /** What a file would do. */
    List<Impact> compare(String text) throws RefusedException {
        return commits.impact(text);
    }

    /** Commits, and waits for that. */
    Outcome carryOut(Candidate candidate) throws RefusedException, InterruptedException {
        return await(() -> commit(candidate));
    }

    /** What waits to be confirmed stays. */
    void confirm(String who) throws RefusedException, InterruptedException {
        var _ = await(() -> confirm(JSON.createObjectNode().put("who", who)));
    }

    /** One revision back. */
    void rollBack(String who, String reason) throws RefusedException, InterruptedException {
        var _ = await(() -> rollBack(JSON.createObjectNode().put("who", who).put("reason", reason)));
    }

    private <T> T await(Callable<T> step) throws RefusedException, InterruptedException {
        try {
            return thread.submit(step).get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RefusedException refused) {
                throw refused;
            }
            throw new IllegalStateException(e.getCause());
        } catch (RejectedExecutionException closing) {
            throw new RefusedException("the gateway is closing");
        }
    }

    /** The file is committed as it is now. */
    void reload() {
        thread.execute(() -> {
            try {
                Outcome outcome = commit(new Candidate(
                        Files.readString(file.path()),
                        "SIGHUP",
                        "the file is read again",
                        Optional.empty(),
                        Optional.empty(),
                        Candidate.When.NOW));
                LOG.info(
                        "{} is read again: {} changes",
                        file.path(),
                        outcome.impacts().size());
            } catch (RefusedException | IOException e) {
                timeline.note(SUBJECT, "config-refused", file.path() + " is not taken: " + e.getMessage());
            }
        });
    }

    /**
     * Has the file say of a VM what that of the owner of its group says. What waits to be confirmed is not settled by that.
     *
     * @return completes with what stands against it; empty: nothing
     */
    CompletableFuture<Optional<String>> follow(GroupId group, VmId vm, SiteOrder.Tick tick, SiteId owner) {
        try {
            return CompletableFuture.supplyAsync(() -> followed(group, vm, tick, owner), thread);
        } catch (RejectedExecutionException closing) {
            return CompletableFuture.completedFuture(Optional.of("the gateway there is closing"));
        }
    }

    private Optional<String> followed(GroupId group, VmId vm, SiteOrder.Tick tick, SiteId owner) {
        if (commits.unconfirmed().isPresent()) {
            return Optional.of("a revision waits to be confirmed");
        }
        try {
            VmTick box = new VmTick(last().text(), Optional.of(group), vm);
            commit(new Candidate(
                    tick == SiteOrder.Tick.TICKED ? box.ticked() : box.unticked(),
                    "site " + owner,
                    "as at the site that owns group " + group,
                    Optional.empty(),
                    Optional.empty(),
                    Candidate.When.NOW));
            return Optional.empty();
        } catch (RefusedException | IllegalArgumentException e) {
            LOG.warn("{} of group {} is not {} as at site {}: {}", vm, group, tick, owner, e.getMessage());
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static Candidate candidate(JsonNode request) throws RefusedException {
        return new Candidate(
                request.path("text").asText(),
                request.path("who").asText(),
                request.path("reason").asText(),
                number(request, "basedOn", Integer.MAX_VALUE),
                number(request, "confirmSeconds", MAX_CONFIRM_SECONDS).map(Duration::ofSeconds),
                request.path("atRestart").asBoolean() ? Candidate.When.AT_NEXT_START : Candidate.When.NOW);
    }

    /** The file that runs, with the tick of one VM changed. */
    private Candidate ticking(JsonNode request, Function<VmTick, String> change) throws RefusedException {
        try {
            Optional<GroupId> group = Optional.of(request.path("group").asText())
                    .filter(name -> !name.isEmpty())
                    .map(GroupId::new);
            VmId vm = new VmId(request.path("vm").asText());
            return new Candidate(
                    change.apply(new VmTick(last().text(), group, vm)),
                    request.path("who").asText(),
                    request.path("reason").asText(),
                    Optional.empty(),
                    Optional.empty(),
                    Candidate.When.NOW);
        } catch (IllegalArgumentException e) {
            throw new RefusedException(String.valueOf(e.getMessage()));
        }
    }

    private static Optional<Integer> number(JsonNode request, String member, int maximum) throws RefusedException {
        if (!request.has(member)) {
            return Optional.empty();
        }
        int number = request.path(member).asInt(0);
        if (number < 1 || number > maximum) {
            throw new RefusedException(
                    member + " is '" + request.path(member).asText() + "': it is a number from 1 to " + maximum);
        }
        return Optional.of(number);
    }

    private Outcome commit(Candidate candidate) throws RefusedException {
        return noted(commits.commit(candidate), candidate.who(), candidate.reason());
    }

    private Outcome rollBack(JsonNode request) throws RefusedException {
        int steps = number(request, "steps", Integer.MAX_VALUE).orElse(1);
        String who = request.path("who").asText();
        String reason = request.path("reason").asText();
        return noted(commits.rollBack(steps, who, reason.isBlank() ? "rolled back" : reason), who, reason);
    }

    private JsonNode confirm(JsonNode request) throws RefusedException {
        commits.confirm();
        timeline.note(SUBJECT, "config", "confirmed by " + request.path("who").asText());
        return JSON.createObjectNode().put("revision", last().number());
    }

    private void expire() {
        try {
            Optional<Outcome> outcome = commits.expire();
            outcome.ifPresent(done -> {
                noted(done, "gateway", last().reason());
                obstacle = "";
            });
        } catch (RefusedException e) {
            refused("what was not confirmed is not taken back whole: ", e);
        }
    }

    private Outcome noted(Outcome outcome, String who, String reason) {
        timeline.note(
                SUBJECT,
                "config",
                "revision " + outcome.revision() + " by " + who + (reason.isBlank() ? "" : " (" + reason + ")") + ": "
                        + outcome.impacts().size() + " changes");
        outcome.impacts().forEach(impact -> timeline.note(SUBJECT, "config-change", impact.toString()));
        return outcome;
    }

    private Revision last() {
        return commits.history().getLast();
    }

    private ObjectNode show() {
        return JSON.createObjectNode().put("revision", last().number()).put("text", last().text());
    }

    private ObjectNode history() {
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode revisions = answer.putArray("revisions");
        for (Revision revision : commits.history()) {
            ObjectNode node = revisions
                    .addObject()
                    .put("number", revision.number())
                    .put("at", revision.at().toString())
                    .put("who", revision.who())
                    .put("reason", revision.reason());
            revision.differences().forEach(node.putArray("differences")::add);
        }
        waiting(answer);
        return answer;
    }

    private ObjectNode committed(Outcome outcome) {
        ObjectNode answer = JSON.createObjectNode().put("revision", outcome.revision());
        waiting(answer);
        return changes(answer, outcome.impacts());
    }

    private void waiting(ObjectNode answer) {
        commits.unconfirmed().ifPresent(waiting -> answer.putObject("unconfirmed")
                .put("number", waiting.number())
                .put("backTo", waiting.backTo())
                .put("confirmBy", waiting.confirmBy().toString()));
    }

    private static ObjectNode changes(ObjectNode answer, List<Impact> impacts) {
        ArrayNode changes = answer.putArray("changes");
        for (Impact impact : impacts) {
            ObjectNode node = changes.addObject()
                    .put("subject", impact.change().subject())
                    .put("kind", impact.change().kind().name().toLowerCase(Locale.ROOT))
                    .put("needsRestart", impact.needsRestart())
                    .put("effect", impact.words());
            ArrayNode differences = node.putArray("differences");
            impact.change().differences().forEach(difference -> differences.add(difference.toString()));
        }
        return answer;
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
