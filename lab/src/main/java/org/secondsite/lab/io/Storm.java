package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.storm.Fault;

/**
 * Many drills, each with a fault, a moment and a WAN delay chosen by a seed. A lab is used until a judge complains; then its
 * logs are kept and a new one is brought up.
 *
 * <p>Every drill ends with a line of JSON in the record. A storm that is started again with the same record goes on where it
 * ended: drill <i>n</i> of a seed is the same drill whatever was run before it.
 */
public final class Storm {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int[] DELAYS_MS = {0, 5, 20, 50};

    private final String name;
    private final long seed;
    private final List<Fault> faults;
    private final Path record;
    private final Consumer<String> out;
    private Lab lab;

    /** A drill in the record. */
    private record Line(int drill, int delayMs, Drill.Result result) {}

    /**
     * Prepares one.
     *
     * @param name of the lab
     * @param faults to choose from
     * @param record a file that is made or gone on with
     * @param out what is told to the user
     */
    public Storm(String name, long seed, List<Fault> faults, Path record, Consumer<String> out) {
        this.name = name;
        this.seed = seed;
        this.faults = List.copyOf(faults);
        this.record = record;
        this.out = out;
    }

    /**
     * Runs the drills that are not in the record yet.
     *
     * @return how many of all have failed, those in the record included
     */
    public int run(int drills) throws IOException {
        Set<Integer> done = new HashSet<>();
        int failed = 0;
        if (Files.exists(record)) {
            for (String text : Files.readAllLines(record)) {
                Line line = JSON.readValue(text, Line.class);
                done.add(line.drill());
                failed += line.result().passed() ? 0 : 1;
            }
            out.accept(done.size() + " drills are in " + record + ", " + failed + " of them failed");
        }
        try {
            for (int drill = 0; drill < drills; drill++) {
                if (!done.contains(drill) && !one(drill)) {
                    failed++;
                }
            }
        } finally {
            Lab.down(name);
        }
        return failed;
    }

    private boolean one(int drill) throws IOException {
        Random random = new Random(seed * 1_000_003 + drill);
        Fault fault = faults.get(random.nextInt(faults.size()));
        int delay = DELAYS_MS[random.nextInt(DELAYS_MS.length)];
        if (lab == null) {
            Lab.down(name);
            lab = LabStart.up(new LabOptions(name, 0, LabOptions.Load.IDLE, true), (step, millis) -> {});
        }
        lab.wan("set all delayMs=" + delay);
        Drill.Result result = Drill.run(lab, fault, random);
        Files.writeString(
                record,
                JSON.writeValueAsString(new Line(drill, delay, result)) + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        out.accept("%4d %-22s %3d ms %-9s %s -> %s, silence %5d ms, %5d packets%s"
                .formatted(
                        drill,
                        result.fault(),
                        delay,
                        result.detail(),
                        result.owner(),
                        result.ownerAfter(),
                        result.longestSilenceMs(),
                        result.packets(),
                        result.passed() ? "" : "  FAILED " + result.complaints()));
        if (!result.passed()) {
            Path kept = record.resolveSibling(record.getFileName() + ".drill" + drill);
            lab.keepLogs(kept);
            out.accept("     its logs are in " + kept);
            Lab.down(name);
            lab = null;
        }
        return result.passed();
    }
}
