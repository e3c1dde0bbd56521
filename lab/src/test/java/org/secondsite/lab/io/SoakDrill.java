package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.storm.Fault;
import org.secondsite.lab.storm.Flatness;

/**
 * The same round of faults over and over, with a guest that writes its memory all the time and strangers at every port once a round: no
 * daemon ends, and what each uses of the machine does not grow any more in the second half. Only faults that leave the daemons alive: one
 * that starts anew hides what it has lost. Every round has the same moments and lengths, so that rounds can be compared.
 *
 * <p>Its name keeps it out of the usual run, since it takes an hour: {@code ./secondsite test lab SoakDrill}, as the nightly run does. {@code
 * -Dsecondsite.soak.minutes=N} for another time, {@code -Dsecondsite.soak.option=-XX:NativeMemoryTracking=summary} to see what memory is used for.
 */
@Tag("lab")
@Timeout(value = 3, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SoakDrill {
    private static final int MINUTES = Integer.getInteger("secondsite.soak.minutes", 60);
    private static final double MAX_GROWTH = 0.05;
    private static final int STRANGERS = 1000;

    private static final List<Fault> FAULTS = List.copyOf(EnumSet.complementOf(EnumSet.of(
            Fault.SITE_DEATH,
            Fault.GATEWAY_DEATH,
            Fault.AGENT_DEATH,
            Fault.STANDBY_DEATH,
            Fault.STANDBY_GATEWAY_DEATH,
            Fault.STANDBY_AGENT_DEATH,
            Fault.WITNESS_DEATH)));

    private final Map<String, List<DaemonUse>> uses = new TreeMap<>();

    /** How many bytes all logs had at the end of each round. */
    private final List<Double> logBytes = new ArrayList<>();

    private final List<String> complaints = new ArrayList<>();

    @Test
    void whatADaemonUsesDoesNotGrowAnyMore() throws IOException {
        LabOptions options = JudgedLab.usual()
                .withLoad(LabOptions.Load.WORKING)
                .withJavaOption(System.getProperty("secondsite.soak.option", ""));
        OneLab.run(options, "soak", lab -> {
            Drill.awaitProtected(lab);
            List<LabProcess> daemons = daemons(lab);
            assertEquals(5, daemons.size(), daemons::toString);
            long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES);
            for (int round = 1; System.nanoTime() < end; round++) {
                round(lab, daemons, round);
            }
            assertEquals(daemons, daemons(lab), "the daemons that it began with");
        });
        judge("resident KiB", DaemonUse::residentKiB);
        judge("descriptors", DaemonUse::descriptors);
        judge("threads", DaemonUse::threads);
        judge("all logs", "bytes a round", perRound(logBytes));
        assertEquals(List.of(), complaints);
    }

    private static List<LabProcess> daemons(Lab lab) throws IOException {
        return lab.processes().stream()
                .filter(process -> List.of("gateway", "agent", "witness")
                        .contains(process.role().text()))
                .toList();
    }

    private void round(Lab lab, List<LabProcess> daemons, int round) throws IOException {
        for (Fault fault : FAULTS) {
            Drill.Result result = Drill.run(lab, fault, new Random(fault.text().hashCode()));
            if (!result.passed()) {
                complaints.add("round " + round + ", " + fault.text() + ": " + result.complaints());
                System.out.println(complaints.getLast());
            }
            sample(lab, daemons);
        }
        Site owner = Drill.awaitProtected(lab);
        try (StrangersFlood flood = new StrangersFlood(lab, owner)) {
            Waiting.until("strangers", 60, () -> flood.made() > STRANGERS);
        }
        double bytes = 0;
        StringBuilder line = new StringBuilder("round " + round + " at " + Instant.now() + ":");
        for (LabProcess daemon : daemons) {
            DaemonUse use = uses.get(daemon.name()).getLast();
            bytes += use.logBytes();
            line.append(" %s %d KiB, %d fds, %d threads, log %d;"
                    .formatted(daemon.name(), use.residentKiB(), use.descriptors(), use.threads(), use.logBytes()));
        }
        logBytes.add(bytes);
        System.out.println(line);
    }

    private void sample(Lab lab, List<LabProcess> daemons) throws IOException {
        Path record = Files.createDirectories(Path.of("target")).resolve("soak.csv");
        StringBuilder lines = new StringBuilder();
        for (LabProcess daemon : daemons) {
            DaemonUse use = DaemonUse.of(lab, daemon);
            uses.computeIfAbsent(daemon.name(), name -> new ArrayList<>()).add(use);
            lines.append("%d,%s,%d,%d,%d,%d%n"
                    .formatted(
                            System.currentTimeMillis(),
                            daemon.name(),
                            use.residentKiB(),
                            use.descriptors(),
                            use.threads(),
                            use.logBytes()));
        }
        Files.writeString(record, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static double[] perRound(List<Double> totals) {
        double[] each = new double[totals.size()];
        for (int i = 0; i < each.length; i++) {
            each[i] = totals.get(i) - (i == 0 ? 0 : totals.get(i - 1));
        }
        return each;
    }

    private void judge(String what, ToDoubleFunction<DaemonUse> figure) {
        uses.forEach((daemon, samples) ->
                judge(daemon, what, samples.stream().mapToDouble(figure).toArray()));
    }

    private void judge(String who, String what, double[] samples) {
        Flatness flatness = Flatness.of(samples);
        String words = String.format(Locale.ROOT, "%s, %s in the second half: %s", who, what, flatness);
        System.out.println(words);
        if (flatness.growth() > MAX_GROWTH) {
            complaints.add(words);
        }
    }
}
