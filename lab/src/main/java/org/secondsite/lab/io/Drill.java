package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.storm.Emissions;
import org.secondsite.lab.storm.Fault;

/**
 * One fault upon a protected pair, from the first packet to the pair being protected again.
 *
 * <p>Three judges, none of them the product: the outside client's own record (no connection breaks, every counter is
 * contiguous), captures on both uplinks (the two sites never both emit), and the table of what must come of a fault
 * ({@link Fault.Outcome}) against what the gateways report.
 */
public final class Drill {
    private static final OutsideClient.Traffic TRAFFIC = new OutsideClient.Traffic(4, 4, 20);
    private static final Set<String> OWNS = Set.of("SOLO", "SYNCING", "PROTECTED");
    private static final int MIN_BEFORE_MS = 500;
    private static final int MAX_BEFORE_MS = 2_000;
    private static final int UNCHANGED_MS = 4_000;
    private static final int OUTCOME_SECONDS = 60;
    private static final int SERVICE_SECONDS = 30;
    private static final int SETTLE_SECONDS = 180;
    private static final int AFTER_MS = 1_000;

    private final Lab lab;
    private final Fault fault;
    private final RandomGenerator random;
    private final List<String> complaints = new ArrayList<>();

    /**
     * What a drill came to.
     *
     * @param owner who owned the guest before
     * @param longestSilenceMs the longest time that a connection heard nothing
     * @param packets that left both sites
     * @param complaints of the judges; none if all is well
     */
    public record Result(
            String fault,
            String detail,
            String owner,
            String ownerAfter,
            long longestSilenceMs,
            int packets,
            List<String> complaints) {
        /** Copies the list. */
        public Result {
            complaints = List.copyOf(complaints);
        }

        /** Whether no judge complained. */
        public boolean passed() {
            return complaints.isEmpty();
        }
    }

    private Drill(Lab lab, Fault fault, RandomGenerator random) {
        this.lab = lab;
        this.fault = fault;
        this.random = random;
    }

    /**
     * Runs one in a lab whose pair is protected.
     *
     * @param random chooses the moment and the details
     * @throws IOException if the lab cannot be worked with; what the product does wrong is in the result
     */
    public static Result run(Lab lab, Fault fault, RandomGenerator random) throws IOException {
        return new Drill(lab, fault, random).run();
    }

    /** The site whose gateway says that it owns the guest and that the other one is in sync; waits for it. */
    public static Site awaitProtected(Lab lab) throws IOException {
        Site[] owner = new Site[1];
        Waiting.until("a protected pair", SETTLE_SECONDS, () -> {
            for (Site site : Site.PAIR) {
                if (stateOf(lab, site).equals("PROTECTED")
                        && stateOf(lab, site.peer()).equals("STANDBY")) {
                    owner[0] = site;
                }
            }
            return owner[0] != null;
        });
        return owner[0];
    }

    /** Empty if the gateway does not answer. */
    private static String stateOf(Lab lab, Site site) {
        try {
            return new SiteView(lab, site).state();
        } catch (IOException silent) {
            return "";
        }
    }

    private Result run() throws IOException {
        Site owner = awaitProtected(lab);
        FaultInjection injection = new FaultInjection(lab, fault, owner, random);
        Path record = Files.createTempFile("secondsite-client", ".jsonl");
        try (UplinkCapture left = new UplinkCapture(lab, owner);
                UplinkCapture right = new UplinkCapture(lab, owner.peer())) {
            OutsideClient connected;
            try {
                connected = OutsideClient.start(lab.clientNamespace(), TRAFFIC, record);
            } catch (IOException unserved) {
                complaints.add("no service before the fault: " + unserved.getMessage() + "; " + describe());
                int packets = left.packets() + right.packets();
                return new Result(fault.text(), "", owner.id(), owner.id(), 0, packets, complaints);
            }
            try (OutsideClient client = connected) {
                return strike(owner, injection, client, left, right);
            }
        } finally {
            Files.deleteIfExists(record);
        }
    }

    private Result strike(
            Site owner, FaultInjection injection, OutsideClient client, UplinkCapture left, UplinkCapture right)
            throws IOException {
        long term = new SiteView(lab, owner).term();
        Waiting.pause(random.nextInt(MIN_BEFORE_MS, MAX_BEFORE_MS));
        long struck = System.nanoTime();
        injection.strike();
        try {
            judgeOutcome(owner, term);
            hears(client);
            lastOut(injection, struck);
        } finally {
            injection.mend();
        }
        Site after = owner;
        try {
            after = awaitProtected(lab);
            judgeOwner(owner, after);
        } catch (IOException unsettled) {
            complaints.add("not protected again: " + unsettled.getMessage() + "; " + describe());
        }
        hears(client);
        Waiting.pause(AFTER_MS);
        ClientVerdict verdict = client.stop();
        Emissions emissions = new Emissions(left.times(), right.times());
        complaints.addAll(verdict.faults());
        if (verdict.silent() > 0) {
            complaints.add(verdict.silent() + " connections stayed silent");
        }
        if (emissions.handovers() > (after == owner ? 0 : 1)) {
            complaints.add("the sites emitted in turn: " + emissions.handovers() + " changes");
        }
        return new Result(
                fault.text(),
                injection.detail(),
                owner.id(),
                after.id(),
                verdict.longestGapNanos() / 1_000_000,
                emissions.count(),
                complaints);
    }

    private void lastOut(FaultInjection injection, long struckNanos) throws IOException {
        long gone = (System.nanoTime() - struckNanos) / 1_000_000;
        if (gone < injection.lastsMillis()) {
            Waiting.pause((int) (injection.lastsMillis() - gone));
        }
    }

    /** What the gateways say while the fault lasts. */
    private void judgeOutcome(Site owner, long term) throws IOException {
        try {
            switch (fault.outcome()) {
                case TAKEOVER ->
                    Waiting.until(
                            "the standby to take over",
                            OUTCOME_SECONDS,
                            () -> OWNS.contains(stateOf(lab, owner.peer())));
                case SOLO ->
                    Waiting.until(
                            "the owner to go on alone",
                            OUTCOME_SECONDS,
                            () -> OWNS.contains(stateOf(lab, owner)) && new SiteView(lab, owner).term() > term);
                case UNCHANGED -> {
                    Waiting.pause(UNCHANGED_MS);
                    JsonNode group = new SiteView(lab, owner).group();
                    if (!group.path("state").asText().equals("PROTECTED")
                            || group.path("term").asLong() != term) {
                        complaints.add("something changed: " + describe());
                    }
                }
                case ONE_OWNER -> {
                    // Which one it is depends on the moment; the other judges see that there is one.
                }
            }
        } catch (IOException other) {
            complaints.add(other.getMessage() + "; " + describe());
        }
    }

    private void judgeOwner(Site owner, Site after) {
        boolean moved = owner != after;
        boolean right =
                switch (fault.outcome()) {
                    case TAKEOVER -> moved;
                    case SOLO, UNCHANGED -> !moved;
                    case ONE_OWNER -> true;
                };
        if (!right) {
            complaints.add("the owner afterwards is " + after.id());
        }
    }

    private void hears(OutsideClient client) throws IOException {
        long now = System.nanoTime();
        try {
            Waiting.until("the client to hear from the guest", SERVICE_SECONDS, () -> client.firstAfter(now)
                    .isPresent());
        } catch (IOException deaf) {
            complaints.add(deaf.getMessage() + "; " + describe());
        }
    }

    private String describe() {
        return String.join(
                ", ",
                Site.PAIR.stream()
                        .map(site -> site.id() + " is " + describe(site))
                        .toList());
    }

    private String describe(Site site) {
        try {
            JsonNode group = new SiteView(lab, site).group();
            return group.path("state").asText() + " in term "
                    + group.path("term").asLong() + " (" + group.path("reason").asText() + ")";
        } catch (IOException e) {
            return "silent";
        }
    }
}
