package org.secondsite.simulator;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Request;

/** What a gateway asks the witness, and what it would ask with a planted fault. */
final class AskingLink implements Surroundings.WitnessLink {
    private final World world;
    private final SiteId site;
    private final Supplier<OwnershipState> state;
    private final Consumer<Runnable> conductor;

    /**
     * For one life of a gateway.
     *
     * @param conductor does something later, on the gateway's conductor
     */
    AskingLink(World world, SiteId site, Supplier<OwnershipState> state, Consumer<Runnable> conductor) {
        this.world = world;
        this.site = site;
        this.state = state;
        this.conductor = conductor;
    }

    @Override
    public void know(GroupId group, long term) {
        world.witness().know(site, term);
    }

    @Override
    public CompletableFuture<OwnershipRecord> read(GroupId id) {
        return world.witness().read(site, id);
    }

    @Override
    public CompletableFuture<Answer> ask(
            GroupId id, long expectedTerm, SiteId owner, Set<SiteId> inSync, String reason) {
        boolean asProtected = world.has(Plant.RENEWED_AS_PROTECTED)
                && state.get() == OwnershipState.SOLO
                && reason.contains("switch");
        Set<SiteId> wanted = asProtected ? Set.of(World.A, World.B) : inSync;
        CompletableFuture<Answer> answer =
                world.witness().ask(site, new Request.Change(id, expectedTerm, site, owner, wanted, reason));
        if (state.get() == OwnershipState.PROMOTING && world.has(Plant.PROMOTE_WITHOUT_GRANT)) {
            OwnershipRecord wished = new OwnershipRecord(id, expectedTerm + 1, expectedTerm, owner, inSync);
            conductor.accept(() -> answer.complete(new Answer.Granted(wished)));
        }
        return answer;
    }
}
