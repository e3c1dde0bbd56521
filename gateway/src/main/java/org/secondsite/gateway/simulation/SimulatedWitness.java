package org.secondsite.gateway.simulation;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Decision;
import org.secondsite.witness.Durable;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.RecordBook;
import org.secondsite.witness.Request;

/** The witness: the real record book, behind links that lose and delay. What it has granted it remembers. */
final class SimulatedWitness {
    private static final long MILLI = 1_000_000L;
    private static final long TIMEOUT_MS = 700;

    private final World world;
    private final RecordBook book = new RecordBook();
    private final GroupId group;
    private boolean up = true;
    private boolean orphaned;

    SimulatedWitness(World world, GroupId group) {
        this.world = world;
        this.group = group;
        decide(new Request.Enroll(new GroupSettings(group, World.A, World.B, World.A)));
        world.time().after(0, this::watch);
    }

    OwnershipRecord record() {
        return book.record(group).orElseThrow();
    }

    /** Whether a request was granted whose asker had died meanwhile, and its image with it. */
    boolean orphaned() {
        return orphaned;
    }

    void crash() {
        up = false;
    }

    void restart() {
        up = true;
    }

    /** A request on its way: it may be lost, or come so late that its asker has given up long ago, and still count. */
    CompletableFuture<Answer> ask(SiteId site, long expectedTerm, SiteId owner, Set<SiteId> inSync, String reason) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        int life = world.gateway(site).life();
        long delayMs = world.chance(10) ? world.between(300, 3000) : world.between(1, 20);
        world.time().after(delayMs * MILLI, () -> {
            if (up && !world.cutFromWitness(site)) {
                Answer decided = decide(new Request.Change(group, expectedTerm, site, owner, inSync, reason));
                orphaned |= decided instanceof Answer.Granted
                        && life != world.gateway(site).life();
                world.time().after(world.between(1, 20) * MILLI, () -> {
                    if (!world.cutFromWitness(site)) {
                        answer.complete(decided);
                    }
                });
            }
        });
        world.time()
                .after(
                        TIMEOUT_MS * MILLI,
                        () -> answer.completeExceptionally(
                                new IllegalStateException("no answer within " + TIMEOUT_MS + " ms")));
        return answer;
    }

    private Answer decide(Request request) {
        return switch (book.decide(request)) {
            case Decision.Refusal refusal -> refusal.answer();
            case Decision.Grant grant -> {
                Durable proof = Durable.proven(grant.entry());
                book.apply(proof);
                yield grant.answer(proof);
            }
        };
    }

    /** Tells every gateway the record now and then; what is told may be old when it arrives. */
    private void watch() {
        OwnershipRecord now = record();
        for (SiteId site : World.SITES) {
            if (up && !world.cutFromWitness(site)) {
                int life = world.gateway(site).life();
                world.time().after(world.between(1, 60) * MILLI, () -> {
                    // A connection ends with the process: nothing sent to a former life reaches the next.
                    if (life == world.gateway(site).life()) {
                        world.gateway(site).fromWitness(g -> g.recordLearnt(now));
                    }
                });
            }
        }
        world.time().after(30 * MILLI, this::watch);
    }
}
