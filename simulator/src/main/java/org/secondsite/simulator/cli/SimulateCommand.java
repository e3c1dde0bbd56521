package org.secondsite.simulator.cli;

import ch.qos.logback.classic.Level;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.secondsite.simulator.Fault;
import org.secondsite.simulator.FaultKind;
import org.secondsite.simulator.Plant;
import org.secondsite.simulator.PlantSearch;
import org.secondsite.simulator.Schedule;
import org.secondsite.simulator.Shrinker;
import org.secondsite.simulator.Simulator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code secondsite simulate}. */
@Command(
        name = "simulate",
        mixinStandardHelpOptions = true,
        description = {
            "Run seeded schedules of faults against the ownership table, protection groups, epoch buffer, tunnel window and"
                    + " record book, and check the safety rules at every step.",
            "Exit code 1 if a rule is broken: the seed, the faults that it takes and a readable trace are printed."
        })
public final class SimulateCommand implements Callable<Integer> {
    private static final int TRACE_LINES = 60;
    private static final long PLANT_SEEDS = 10_000;

    @ArgGroup(exclusive = true)
    private Instead instead = new Instead();

    /** What to do instead of running many seeds. */
    private static final class Instead {
        @Option(
                names = "--replay",
                paramLabel = "SEED",
                description = "Run one seed, twice, and print all that happens.")
        private Long replay;

        @Option(
                names = "--plants",
                description = "Look for every planted fault; print the table of docs/verification.md.")
        private boolean plants;
    }

    @Option(names = "--seeds", paramLabel = "N", description = "How many seeds to run (default ${DEFAULT-VALUE}).")
    private long seeds = 1000;

    @Option(names = "--from", paramLabel = "SEED", description = "The first seed (default ${DEFAULT-VALUE}).")
    private long from = 1;

    @Option(
            names = "--faults",
            split = ",",
            paramLabel = "CLASS",
            description = "Classes of faults, comma-separated; all by default: drop, delay, reorder, duplicate, reset,"
                    + " partition, crash, torn, pause, clock, disk, operator.")
    private List<String> faults = List.of();

    @Option(names = "--plant", paramLabel = "NAME", description = "Build in a fault that must be found; see --plants.")
    private String plant;

    @Spec
    private CommandSpec spec;

    private PrintWriter out;

    /** Runs the command and exits with its code: 0 done, 1 a rule is broken, 2 the command line is wrong. */
    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** Runs the command. */
    public static int execute(String... arguments) {
        return new CommandLine(new SimulateCommand())
                .setExecutionExceptionHandler((failure, line, _) -> {
                    line.getErr().println("secondsite: " + failure);
                    return 1;
                })
                .execute(arguments);
    }

    @Override
    public Integer call() throws Exception {
        // Schedules make the gateways complain by the thousand; the trace has all of it that matters.
        if (LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME) instanceof ch.qos.logback.classic.Logger root) {
            root.setLevel(Level.OFF);
        }
        out = spec.commandLine().getOut();
        if (instead.plants) {
            return plants();
        }
        return instead.replay != null ? replay(instead.replay) : campaign();
    }

    private Set<FaultKind> kinds() {
        Set<FaultKind> kinds = EnumSet.noneOf(FaultKind.class);
        for (String name : faults) {
            kinds.add(Arrays.stream(FaultKind.values())
                    .filter(kind -> kind.name().equals(name.toUpperCase(Locale.ROOT)))
                    .findAny()
                    .orElseThrow(
                            () -> new ParameterException(spec.commandLine(), "no class of faults is called " + name)));
        }
        return kinds.isEmpty() ? EnumSet.allOf(FaultKind.class) : kinds;
    }

    private Set<Plant> built() {
        if (plant == null) {
            return EnumSet.noneOf(Plant.class);
        }
        return EnumSet.of(Arrays.stream(Plant.values())
                .filter(known -> known.title().equals(plant))
                .findAny()
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        "no planted fault is called " + plant + "; there are "
                                + Arrays.stream(Plant.values())
                                        .map(Plant::title)
                                        .collect(Collectors.joining(", ")))));
    }

    // ---- many seeds ---------------------------------------------------------------------------------------------

    private int campaign() throws Exception {
        Set<FaultKind> kinds = kinds();
        Campaign campaign = new Campaign(from, seeds, kinds, built(), line -> {
            out.println(line);
            out.flush();
        });
        Campaign.Result result = campaign.run();
        out.println(result);
        if (result.failed().isPresent()) {
            explain(result.failed().get());
            return 1;
        }
        return result.deterministic() ? 0 : 1;
    }

    private void explain(Simulator.Outcome failed) {
        long seed = failed.schedule().seed();
        out.println("seed " + seed + ": " + failed.violation().getMessage());
        Simulator.Outcome shrunk = Shrinker.shrink(failed, built());
        out.println("faults, " + shrunk.schedule().faults().size() + " left of "
                + failed.schedule().faults().size() + ":");
        shrunk.schedule().faults().forEach(fault -> out.println("  " + fault));
        out.println("the end of what happens with these:");
        Deque<String> last = new ArrayDeque<>();
        Simulator.run(shrunk.schedule(), built(), line -> {
            last.addLast(line);
            if (last.size() > TRACE_LINES) {
                last.removeFirst();
            }
        });
        last.forEach(line -> out.println("  " + line));
        out.println("  " + shrunk.endMs() + " ms " + shrunk.violation().getMessage());
        out.println("all of it: secondsite simulate --replay " + seed
                + (plant == null ? "" : " --plant " + plant)
                + (faults.isEmpty() ? "" : " --faults " + String.join(",", faults)));
    }

    // ---- one seed -----------------------------------------------------------------------------------------------

    private int replay(long seed) {
        Schedule schedule = Schedule.drawn(seed, kinds());
        Simulator.Outcome outcome = run(schedule, out::println);
        Simulator.Outcome again = run(schedule, line -> {});
        out.printf(
                Locale.ROOT,
                "seed %d: %d events, %d packets checked, %d simulated ms, trace hash %016x, again %016x%n",
                seed,
                outcome.events(),
                outcome.releases(),
                outcome.endMs(),
                outcome.traceHash(),
                again.traceHash());
        if (outcome.traceHash() != again.traceHash()) {
            out.println("the two runs differ");
            return 1;
        }
        if (outcome.violation() == null) {
            return 0;
        }
        out.println(outcome.violation().getMessage());
        List<Fault> needed = Shrinker.shrink(outcome, built()).schedule().faults();
        out.println("it takes " + (needed.isEmpty() ? "no fault" : "these faults:"));
        needed.forEach(fault -> out.println("  " + fault));
        return 1;
    }

    private Simulator.Outcome run(Schedule schedule, Consumer<String> tracer) {
        return Simulator.run(schedule, built(), tracer);
    }

    // ---- planted faults -----------------------------------------------------------------------------------------

    private int plants() throws Exception {
        Map<Plant, Future<Optional<PlantSearch.Finding>>> searches = new EnumMap<>(Plant.class);
        try (ExecutorService cores =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
            for (Plant each : Plant.values()) {
                searches.put(each, cores.submit(() -> PlantSearch.search(each, PLANT_SEEDS)));
            }
        }
        out.println("| planted fault | what it does | rule | first seed | faults, shrunk from | broken at |");
        out.println("| --- | --- | --- | --- | --- | --- |");
        boolean all = true;
        for (Plant each : searches.keySet()) {
            Optional<PlantSearch.Finding> found = searches.get(each).get();
            all &= found.isPresent() && found.get().isByItsRule();
            out.println(row(each, found));
        }
        return all ? 0 : 1;
    }

    private static String row(Plant plant, Optional<PlantSearch.Finding> found) {
        String head = "| `" + plant.title() + "` | " + plant.words() + " | ";
        if (found.isEmpty()) {
            return head + plant.rule().title() + " | not found in " + PLANT_SEEDS + " | | |";
        }
        Simulator.Outcome shrunk = found.get().shrunk();
        return head
                + shrunk.violation().rule().title()
                + (found.get().isByItsRule() ? "" : ", not " + plant.rule().title())
                + " | " + shrunk.schedule().seed()
                + " | " + shrunk.schedule().faults().size() + " of "
                + found.get().first().schedule().faults().size()
                + " | " + shrunk.endMs() + " ms |";
    }
}
