package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.List;
import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.desk.OpenQuestions;
import org.secondsite.witness.wire.Message;

/**
 * A copy of a site's gateway, and of the VM beside it, that runs at another place with the same certificate, and reaches the witness.
 * Real: {@link OpenQuestions}. Simulated: what such a gateway decides. It has started anew, so it asks to stand alone if the record
 * names its site, and lets output pass once that was granted; a record that names the other site has it stop its VM.
 */
final class SimulatedClone implements WitnessEnd {
    private static final String PLACE = "c";
    private static final long TURN_NANOS = 50 * MILLI;
    private static final long TIMEOUT_NANOS = 400 * MILLI;
    private static final long SEAT = 2;

    private final World world;
    private final GroupId group;
    private final SiteId site;
    private final long client;
    private final OpenQuestions questions = new OpenQuestions(List.of("w"), TIMEOUT_NANOS);
    private OwnershipRecord known;
    private boolean asking;
    private boolean fenced;
    private boolean ended;
    private long grantedTerm;

    /** Starts. */
    SimulatedClone(World world, GroupId group, SiteId site, long client) {
        this.world = world;
        this.group = group;
        this.site = site;
        this.client = client;
        world.trace("a copy of gateway " + site + " starts");
        questions.connected(0).forEach(this::carryOut);
        turn();
    }

    /** Somebody finds it, and puts it off. */
    void end() {
        world.trace("the copy of gateway " + site + " is put off");
        ended = true;
        world.checks().copyEnds(site);
    }

    @Override
    public SiteId site() {
        return site;
    }

    @Override
    public long client() {
        return client;
    }

    @Override
    public SeatId seat() {
        return world.has(Plant.CLONED_SITE) ? SeatId.NONE : new SeatId(SEAT, World.SITES.indexOf(site));
    }

    @Override
    public String place() {
        return PLACE;
    }

    private void turn() {
        if (ended) {
            return;
        }
        send(new Message.Heartbeat(site));
        questions.tick(world.time().nowNanos()).forEach(this::carryOut);
        if (!fenced && grantedTerm == 0 && known != null && !asking) {
            asking = true;
            questions
                    .ask(
                            new Message.Ask(
                                    questions.nextNumber(),
                                    known.term(),
                                    group,
                                    site,
                                    Set.of(site),
                                    "a restarted owner"),
                            world.time().nowNanos())
                    .forEach(this::carryOut);
        }
        if (!fenced && grantedTerm != 0) {
            world.checks().acts(site, grantedTerm);
            world.checks().copyLetsOut(site, grantedTerm);
        }
        world.time().after(TURN_NANOS, this::turn);
    }

    @Override
    public long ownTerm() {
        return questions.highestTerm();
    }

    @Override
    public long term() {
        return ownTerm();
    }

    @Override
    public void arrive(Message.FromWitness message) {
        if (ended) {
            return;
        }
        switch (message) {
            case Message.Watched watched -> questions.watched(watched).forEach(this::carryOut);
            case Message.Reply reply ->
                questions.replied(0, reply, world.time().nowNanos()).forEach(this::carryOut);
            default -> {}
        }
    }

    private void carryOut(OpenQuestions.Effect effect) {
        switch (effect) {
            case OpenQuestions.Effect.Send(int node, Message.Question question) -> send(question);
            case OpenQuestions.Effect.Answered(long number, Message.Granted granted) -> {
                grantedTerm = granted.record().term();
                asking = false;
            }
            case OpenQuestions.Effect.Answered other -> asking = false;
            case OpenQuestions.Effect.Unanswered unanswered -> asking = false;
            case OpenQuestions.Effect.Told(OwnershipRecord record) -> {
                known = record;
                fenced |= !record.owner().equals(site);
            }
            case OpenQuestions.Effect.Made made -> {}
            case OpenQuestions.Effect.Reachable reachable -> {}
        }
    }

    private void send(Message.ToWitness message) {
        world.network().datagram(world.network().way(PLACE + ">w"), 1, 12, () -> world.witness()
                .arrive(() -> world.witness().received(this, message)));
    }
}
