package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.Fleet;
import org.secondsite.lab.plan.LabGroup;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.LabVm;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.storm.Emissions;

/**
 * Two groups, each owned by another site, while either site dies again and again. In one are two front ends and the store that they ask
 * for every answer; the VM of the other asks it, too, from wherever it is. Every connection lives, what clients were told and what the store has counted is the same after each kill, both
 * groups are at the surviving site, and the two sites never both emit for one group.
 *
 * <p>{@code -Dsecondsite.kills=N} for other than two kills, {@code -Dsecondsite.seed=N} for other sites and moments.
 */
@Tag("lab")
@Isolated("its four VMs and their images are work for the whole machine")
@Timeout(value = 7_200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SeveralGroupsDrillTest {
    private static final int KILLS = Integer.getInteger("secondsite.kills", 2);
    private static final long SEED = Long.getLong("secondsite.seed", 2);
    private static final Fleet FLEET = new Fleet(3, 1);
    private static final LabVm STORE = FLEET.groups().getFirst().store().orElseThrow();
    private static final OutsideClient.Traffic TRAFFIC = new OutsideClient.Traffic(4, 4, 500);
    private static final int ASKERS_OF_A_FRONT_END = 2;
    private static final int ANSWERS_BETWEEN = 8;
    private static final int LONGEST_BEFORE_KILL_MS = 1_000;
    private static final int TAKEOVER_SECONDS = 60;
    private static final int PROTECT_SECONDS = 300;
    /** Linux waits for 120 s at most (TCP_RTO_MAX). */
    private static final int MAX_RETRY_SECONDS = 130;

    private final Random random = new Random(SEED);

    /** Takeovers and switchovers of each group. */
    private final Map<LabGroup, Integer> moves = new LinkedHashMap<>();

    private final Map<LabGroup, Site> owners = new LinkedHashMap<>();

    @Test
    void groupsOfBothSitesEndAtTheSurvivorWholeHoweverOftenASiteDies() throws IOException {
        System.out.println("seed " + SEED);
        LabOptions options = new LabOptions(TestNames.lab(), 5, LabOptions.Load.IDLE, true).withFleet(FLEET);
        for (LabGroup group : FLEET.groups()) {
            owners.put(group, group.home());
            moves.put(group, 0);
        }
        OneLab.run(options, "several-groups", lab -> {
            Path record = Files.createTempFile("secondsite-client", ".jsonl");
            List<Judge> judges = new ArrayList<>();
            try (OutsideClient client =
                            OutsideClient.start(lab.clientNamespace(), options.guestAddresses(), TRAFFIC, record);
                    Askers askers = Askers.start(lab, FLEET, STORE, ASKERS_OF_A_FRONT_END)) {
                assertEquals(3, FLEET.asking(STORE).size(), "two of its group, one of the other site's");
                for (LabGroup group : FLEET.groups()) {
                    judges.add(new Judge(lab, group));
                }
                for (int kill = 1; kill <= KILLS; kill++) {
                    awaitAnswers(askers);
                    killOneOfTwoOwners(lab, client, askers);
                    if (kill < KILLS) {
                        giveOneGroupBack(lab);
                    }
                }
                ClientVerdict verdict = client.stop();
                System.out.println(verdict + ", " + askers.answers() + " answers of the store");
                assertEquals(List.of(), verdict.faults());
                assertEquals(0, verdict.silent(), "silent connections");
                for (Judge judge : judges) {
                    judge.judge(moves.get(judge.group));
                }
            } finally {
                judges.forEach(Judge::close);
                Files.deleteIfExists(record);
            }
        });
    }

    private void killOneOfTwoOwners(Lab lab, OutsideClient client, Askers askers) throws IOException {
        Site victim = random.nextBoolean() ? Site.A : Site.B;
        Waiting.pause(random.nextInt(LONGEST_BEFORE_KILL_MS));
        System.out.println("site " + victim.id() + " dies, which owns " + ownedBy(victim) + ", after "
                + askers.answers() + " answers of the store");
        lab.kill("site:" + victim.id());
        for (LabGroup group : FLEET.groups()) {
            view(lab, victim.peer(), group).await("SOLO", TAKEOVER_SECONDS);
            if (owners.put(group, victim.peer()) == victim) {
                moves.merge(group, 1, Integer::sum);
            }
        }
        long now = System.nanoTime();
        Waiting.until("every connection to go on", MAX_RETRY_SECONDS, () -> client.silentSince(now) == 0);
        awaitAnswers(askers);
        assertEquals(List.of(), askers.compare());
        System.out.println("front ends, store and clients agree after " + askers.answers() + " answers");
    }

    private static void awaitAnswers(Askers askers) throws IOException {
        long told = askers.answers();
        Waiting.until("answers of the store", MAX_RETRY_SECONDS, () -> askers.answers() > told + ANSWERS_BETWEEN);
    }

    /** The site that died comes back, and gets one of the two groups, which both are at the other. */
    private void giveOneGroupBack(Lab lab) throws IOException {
        Site survivor = owners.get(FLEET.groups().getFirst());
        lab.start("site:" + survivor.peer().id());
        settle(lab);
        LabGroup given = FLEET.groups().get(random.nextInt(FLEET.groups().size()));
        if (new HashSet<>(owners.values()).size() == 1) {
            Site owner = owners.get(given);
            System.out.println("site " + owner.peer().id() + " is given " + given.name());
            Waiting.until("the switchover", PROTECT_SECONDS, () -> {
                SiteView giver = view(lab, owner, given);
                return giver.state().equals("STANDBY")
                        || giver.switchOver("each site is to own one").has("tookMs");
            });
            owners.put(given, owner.peer());
            moves.merge(given, 1, Integer::sum);
            settle(lab);
        }
    }

    /** Waits until both groups are protected. A machine that stands still for long enough has one taken over while nobody died. */
    private void settle(Lab lab) throws IOException {
        for (LabGroup group : FLEET.groups()) {
            Site owner = awaitProtected(lab, group);
            if (owners.put(group, owner) != owner) {
                System.out.println(
                        "the machine was too busy for heartbeats: " + group.name() + " is at site " + owner.id());
                moves.merge(group, 1, Integer::sum);
            }
        }
    }

    private static Site awaitProtected(Lab lab, LabGroup group) throws IOException {
        Site[] owner = new Site[1];
        Waiting.until(group.name() + " to be protected", PROTECT_SECONDS, () -> {
            for (Site site : Site.PAIR) {
                if (view(lab, site, group).state().equals("PROTECTED")
                        && view(lab, site.peer(), group).state().equals("STANDBY")) {
                    owner[0] = site;
                }
            }
            return owner[0] != null;
        });
        return owner[0];
    }

    private List<String> ownedBy(Site site) {
        return FLEET.groups().stream()
                .filter(group -> owners.get(group) == site)
                .map(LabGroup::name)
                .toList();
    }

    private static SiteView view(Lab lab, Site site, LabGroup group) {
        return new SiteView(lab, site, group.name());
    }

    /** Sees what leaves both sites of one group's VMs. */
    private static final class Judge implements AutoCloseable {
        final LabGroup group;
        private final UplinkCapture a;
        private final UplinkCapture b;

        Judge(Lab lab, LabGroup group) throws IOException {
            this.group = group;
            a = new UplinkCapture(lab, Site.A, group);
            b = new UplinkCapture(lab, Site.B, group);
        }

        /** In the order of time the emitting site has changed as often as the owner. */
        void judge(int moves) throws IOException {
            Emissions emissions = new Emissions(a.times(), b.times());
            assertTrue(emissions.count() > 100, "the captures see what is released");
            assertEquals(moves, emissions.handovers(), "changes of the site that emits for " + group.name());
        }

        @Override
        public void close() {
            a.close();
            b.close();
        }
    }
}
