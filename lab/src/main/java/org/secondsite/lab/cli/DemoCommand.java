package org.secondsite.lab.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.embedded.EmbeddedDemo;
import org.secondsite.lab.io.DiskJudge;
import org.secondsite.lab.io.Interruptible;
import org.secondsite.lab.io.Lab;
import org.secondsite.lab.io.LabStart;
import org.secondsite.lab.io.OutsideClient;
import org.secondsite.lab.io.SiteKill;
import org.secondsite.lab.io.SiteView;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code secondsite demo}: brings the lab up, kills the owner's site, and lets the outside client judge. */
@Command(name = "demo", description = "Two sites, a VM, clients; kill a site; exit 0 if and only if nothing was lost.")
public final class DemoCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int RUN_MILLIS = 3_000;
    private static final int PROTECT_SECONDS = 180;
    private static final int RECORD_CONNECTIONS = 2;

    @Option(names = "--embedded", description = "In one JVM on loopback, without root and other programs.")
    private boolean embedded;

    @Option(names = "--delay-ms", defaultValue = "0", description = "One-way delay of the WAN.")
    private int delayMillis;

    @Option(names = "--guest", defaultValue = "MEMORY", description = "What runs in the VM: ${COMPLETION-CANDIDATES}.")
    private Guest guest;

    @Option(names = "--load", defaultValue = "IDLE", description = "The guest's load: ${COMPLETION-CANDIDATES}.")
    private LabOptions.Load load;

    @Option(names = "--connections", defaultValue = "8", description = "Client connections of each of two kinds.")
    private int connections;

    @Option(
            names = "--there-and-back",
            description = "Afterwards bring the site back, re-protect, and kill the other one.")
    private boolean thereAndBack;

    @Option(names = "--no-hold", description = "Let output out unheld: shows what the product prevents.")
    private boolean noHold;

    @Option(names = "--report", paramLabel = "FILE", description = "Write times and the client's record as JSON.")
    private Path report;

    @Option(names = "--name", defaultValue = "ssdemo", description = "Prefix of the lab's namespaces and files.")
    private String name;

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws Exception {
        Path log = DemoLog.open();
        boolean well = false;
        try {
            int answer = demonstrate();
            well = answer == 0;
            return answer;
        } finally {
            if (well) {
                Files.deleteIfExists(log);
            } else {
                say("log: " + log);
            }
        }
    }

    private int demonstrate() throws Exception {
        if (embedded) {
            EmbeddedDemo.Result result = EmbeddedDemo.run(out, !noHold);
            if (report != null) {
                JSON.writerWithDefaultPrettyPrinter().writeValue(report.toFile(), result);
            }
            return result.nothingLost() ? 0 : 1;
        }
        return Interruptible.call(() -> {
            try {
                return drill() ? 0 : 1;
            } finally {
                boolean interrupted = Thread.interrupted();
                Lab.down(name);
                say("the lab is taken down");
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        });
    }

    private boolean drill() throws IOException, InterruptedException {
        say("bringing up two sites, WAN delay " + delayMillis + " ms one way, guest " + load + " …");
        Lab lab = LabStart.up(
                new LabOptions(name, delayMillis, load, !noHold).withGuest(guest),
                (step, millis) -> say(String.format(Locale.ROOT, "  %6.2f s  %s", millis / 1e3, step)));
        boolean well = false;
        try {
            well = drill(lab);
            return well;
        } finally {
            if (!well) {
                Path kept = Files.createTempDirectory("secondsite-lab-logs");
                lab.keepLogs(kept);
                say("logs: " + kept);
            }
        }
    }

    private boolean drill(Lab lab) throws IOException, InterruptedException {
        Path record = Files.createTempFile("secondsite-client", ".jsonl");
        List<SiteKill.Outcome> kills = new ArrayList<>();
        JsonNode pause;
        ClientVerdict verdict;
        try (OutsideClient client = OutsideClient.start(lab.clientNamespace(), traffic(), record)) {
            say(connections + " echo and " + connections + " tick connections"
                    + (guest.writesRecords()
                            ? ", and " + RECORD_CONNECTIONS + " that are told of records on the disk,"
                            : "")
                    + " are open from the client's namespace");
            Thread.sleep(RUN_MILLIS);
            pause = new SiteView(lab, Site.A).vm().path("pauseMs");
            say("VM pause per checkpoint " + pause);
            kills.add(kill(lab, Site.A, client));
            Thread.sleep(RUN_MILLIS);
            if (thereAndBack) {
                say("bringing site a back as the standby …");
                lab.start("site:a");
                new SiteView(lab, Site.B).await("PROTECTED", PROTECT_SECONDS);
                Thread.sleep(RUN_MILLIS);
                kills.add(kill(lab, Site.B, client));
                Thread.sleep(RUN_MILLIS);
            }
            verdict = client.stop();
        } finally {
            Files.deleteIfExists(record);
        }
        tell(verdict);
        Site last = kills.getLast().owner().peer();
        boolean diskHolds = !guest.writesRecords() || diskHolds(lab, last, verdict.recorded());
        if (report != null) {
            Files.writeString(report, report(kills, pause, verdict).toPrettyString() + "\n");
        }
        return verdict.nothingLost() && diskHolds;
    }

    private OutsideClient.Traffic traffic() {
        return new OutsideClient.Traffic(connections, connections, 20, guest.writesRecords() ? RECORD_CONNECTIONS : 0);
    }

    private boolean diskHolds(Lab lab, Site site, long told) throws IOException {
        DiskJudge.Finding found = DiskJudge.afterTheEnd(lab, site, told);
        say("the client was told of " + told + " records; the disk at site " + site.id() + " has " + found.records());
        found.complaints().forEach(complaint -> say("  LOST " + complaint));
        say(
                found.complaints().isEmpty()
                        ? "VERDICT: the file system is whole, every record that was told is on the disk"
                        : "VERDICT: the disk has lost something");
        return found.complaints().isEmpty();
    }

    private SiteKill.Outcome kill(Lab lab, Site owner, OutsideClient client) throws IOException {
        say("SIGKILL to every process of site " + owner.id() + ": gateway, agent, QEMU, switch, router");
        SiteKill.Outcome outcome = SiteKill.kill(lab, owner, client);
        say("failover, milliseconds since the last heartbeat of site " + owner.id() + ":");
        outcome.phasesMs().entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .forEach(p -> say(String.format(Locale.ROOT, "  %+9.1f  %s", p.getValue(), p.getKey())));
        return outcome;
    }

    private void tell(ClientVerdict verdict) {
        say(verdict.connections() + " connections received " + verdict.received() + " numbers; longest silence of one "
                + verdict.longestGapNanos() / 1_000_000 + " ms");
        verdict.faults().forEach(fault -> say("  LOST " + fault));
        if (verdict.silent() > 0) {
            say("  " + verdict.silent() + " connections stayed silent");
        }
        say(
                verdict.nothingLost()
                        ? "VERDICT: no connection broke, every counter is contiguous"
                        : "VERDICT: something was lost");
    }

    private ObjectNode report(List<SiteKill.Outcome> kills, JsonNode pause, ClientVerdict verdict) {
        ObjectNode node = JSON.createObjectNode();
        node.put("delayMs", delayMillis).put("load", load.name()).put("hold", !noHold);
        node.set("pauseMs", pause);
        ArrayNode array = node.putArray("kills");
        for (SiteKill.Outcome kill : kills) {
            ObjectNode entry = array.addObject().put("site", kill.owner().id());
            ObjectNode phases = entry.putObject("phasesMs");
            kill.phasesMs().forEach(phases::put);
        }
        node.putObject("client")
                .put("nothingLost", verdict.nothingLost())
                .put("connections", verdict.connections())
                .put("received", verdict.received())
                .put("recorded", verdict.recorded())
                .put("silent", verdict.silent())
                .put("longestGapMs", verdict.longestGapNanos() / 1e6)
                .set("faults", JSON.valueToTree(verdict.faults()));
        return node;
    }

    private void say(String text) {
        out.println(text);
        out.flush();
    }
}
