package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Request;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.desk.OpenQuestions;
import org.secondsite.witness.wire.Message;

/**
 * One gateway process's line to the witness. Real: {@link OpenQuestions}, which numbers, repeats, gives up and tells.
 * Simulated: the connection, of which every message is on its own, lost, late, repeated or overtaken, and that has no end but
 * that of a process. Each message brings the hello that its connection began with.
 */
final class WitnessLine implements WitnessEnd {
    private static final long TIMEOUT_MS = 400;

    private final World world;
    private final SiteId site;
    private final int life;
    private final long client;
    private final SplittableRandom dice;
    private final OpenQuestions questions = new OpenQuestions(List.of("w"), TIMEOUT_MS * MILLI);
    private final Map<Long, Consumer<OpenQuestions.Effect>> open = new HashMap<>();
    private long knownTerm;

    WitnessLine(World world, SiteId site, int life, SplittableRandom dice) {
        this.world = world;
        this.site = site;
        this.life = life;
        this.client = 2L * life + 1 + World.SITES.indexOf(site);
        this.dice = dice;
        questions.connected(0).forEach(this::carryOut);
    }

    @Override
    public SiteId site() {
        return site;
    }

    /** Which life of the gateway it is of. */
    int life() {
        return life;
    }

    @Override
    public long client() {
        return client;
    }

    /** The same in all lives of a gateway. */
    @Override
    public SeatId seat() {
        return world.has(Plant.CLONED_SITE) ? SeatId.NONE : new SeatId(1, World.SITES.indexOf(site));
    }

    @Override
    public String place() {
        return site.name();
    }

    @Override
    public long ownTerm() {
        return Math.max(questions.highestTerm(), world.remembered(site));
    }

    @Override
    public long term() {
        return Math.max(knownTerm, ownTerm());
    }

    /** An agent remembers this term. */
    void know(long term) {
        knownTerm = Math.max(knownTerm, term);
    }

    void heartbeat() {
        send(new Message.Heartbeat(site), false);
    }

    /** Asks for a change: it may be lost, come twice, or so late that its asker has given up, and still count. */
    CompletableFuture<Answer> ask(Request.Change change) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        ask(
                new Message.Ask(
                        questions.nextNumber(),
                        change.expectedTerm(),
                        change.group(),
                        change.owner(),
                        change.inSync(),
                        change.reason()),
                effect -> {
                    switch (effect) {
                        case OpenQuestions.Effect.Answered(long number, Message.Granted granted) ->
                            gateway().answered(life, answer, new Answer.Granted(granted.record()));
                        case OpenQuestions.Effect.Answered(long number, Message.Refused refused) ->
                            gateway().answered(life, answer, new Answer.Refused(refused.current(), refused.reason()));
                        default -> gateway().unanswered(answer, effect.toString());
                    }
                });
        return answer;
    }

    /** The record as the witness has it. */
    CompletableFuture<OwnershipRecord> read(GroupId group) {
        CompletableFuture<OwnershipRecord> answer = new CompletableFuture<>();
        ask(new Message.Read(questions.nextNumber(), group), effect -> {
            if (effect instanceof OpenQuestions.Effect.Answered(long number, Message.Current current)) {
                gateway().conductor(life, () -> answer.complete(current.record()));
            } else {
                gateway().unanswered(answer, effect.toString());
            }
        });
        return answer;
    }

    private void ask(Message.Question question, Consumer<OpenQuestions.Effect> ended) {
        open.put(question.requestId(), ended);
        questions.ask(question, world.time().nowNanos()).forEach(this::carryOut);
        gateway().later(TIMEOUT_MS * MILLI, () -> questions
                .tick(world.time().nowNanos())
                .forEach(this::carryOut));
    }

    @Override
    public void arrive(Message.FromWitness message) {
        if (life == gateway().life()) {
            gateway().arrive(() -> receive(message));
        }
    }

    private void receive(Message.FromWitness message) {
        switch (message) {
            case Message.Watched watched -> {
                gateway().conductor(life, () -> gateway().recordToldAgain(watched.record()));
                questions.watched(watched).forEach(this::carryOut);
            }
            case Message.Reply reply ->
                questions.replied(0, reply, world.time().nowNanos()).forEach(this::carryOut);
            case Message.Displaced(String reason) ->
                gateway().conductor(life, () -> gateway().told(new SiteEvent.WitnessDisplaced(reason)));
            case Message.Admitted admitted ->
                gateway().conductor(life, () -> gateway().told(new SiteEvent.WitnessAdmitted()));
            default -> {}
        }
    }

    private void carryOut(OpenQuestions.Effect effect) {
        switch (effect) {
            case OpenQuestions.Effect.Send(int node, Message.Question question) ->
                send(question, dice.nextInt(12) == 0);
            case OpenQuestions.Effect.Answered(long number, Message.Reply reply) ->
                open.remove(number).accept(effect);
            case OpenQuestions.Effect.Unanswered(long number, String reason) ->
                open.remove(number).accept(effect);
            case OpenQuestions.Effect.Told(OwnershipRecord record) -> {
                world.remember(site, record.term());
                gateway().conductor(life, () -> gateway().recordLearnt(record));
            }
            case OpenQuestions.Effect.Made made -> {}
            case OpenQuestions.Effect.Reachable reachable -> {}
        }
    }

    /** It does not outlast that the witness and the gateways forget: their connections have ended then. */
    private void send(Message.ToWitness message, boolean strays) {
        boolean forgot = world.forgot();
        world.network().datagram(world.network().way(site + ">w"), strays ? 200 : 1, strays ? 2500 : 12, () -> {
            if (forgot == world.forgot()) {
                world.witness().arrive(() -> world.witness().received(this, message));
            }
        });
    }

    private SimulatedGateway gateway() {
        return world.gateway(site);
    }
}
