package org.secondsite.simulator.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.secondsite.simulator.FaultKind;
import org.secondsite.simulator.Plant;
import org.secondsite.simulator.Schedule;
import org.secondsite.simulator.Simulator;

/**
 * Runs a range of seeds on all cores, up to the first that breaks a rule. Of several that do, the smallest is reported,
 * whatever the cores' order. Every {@value #TWICE_EVERY}th seed is run twice and must give the same trace.
 */
final class Campaign {
    private static final int TWICE_EVERY = 500;
    private static final long PROGRESS_NANOS = 5_000_000_000L;

    private final long from;
    private final long to;
    private final Set<FaultKind> kinds;
    private final Set<Plant> plants;
    private final Consumer<String> progress;
    private final long startNanos = System.nanoTime();

    private final AtomicLong next;
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong lastProgressNanos = new AtomicLong(startNanos);
    private Simulator.Outcome failed;
    private volatile long failedSeed = Long.MAX_VALUE;
    private long differing = -1;

    /**
     * What the seeds came to.
     *
     * @param seeds how many were run
     * @param failed the first that broke a rule
     * @param differing a seed of which two runs differed; -1 if none
     * @param twice how many seeds were run twice
     * @param totals sums over all of them
     * @param seconds how long it took
     */
    record Result(
            long seeds, Optional<Simulator.Outcome> failed, long differing, long twice, Totals totals, double seconds) {
        boolean deterministic() {
            return differing < 0;
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d seeds in %.1f s: %s; %d faults, %d packets checked, %.1f simulated hours, %d events; trace hash"
                            + " of all %016x; %s",
                    seeds,
                    seconds,
                    failed.isPresent() ? "a rule is broken" : "no rule is broken",
                    totals.faults,
                    totals.releases,
                    totals.simulatedMs / 3.6e6,
                    totals.events,
                    totals.hash,
                    deterministic()
                            ? twice + " of them run twice, the same trace each time"
                            : "seed " + differing + " gave two traces");
        }
    }

    /** Sums over schedules. */
    static final class Totals {
        private long faults;
        private long releases;
        private long simulatedMs;
        private long events;
        private long hash;
        private long twice;

        private void add(Simulator.Outcome outcome) {
            faults += outcome.schedule().faults().size();
            releases += outcome.releases();
            simulatedMs += outcome.endMs();
            events += outcome.events();
            hash ^= outcome.traceHash();
        }

        private void add(Totals other) {
            faults += other.faults;
            releases += other.releases;
            simulatedMs += other.simulatedMs;
            events += other.events;
            hash ^= other.hash;
            twice += other.twice;
        }
    }

    Campaign(long from, long seeds, Set<FaultKind> kinds, Set<Plant> plants, Consumer<String> progress) {
        this.from = from;
        this.to = from + seeds;
        this.kinds = kinds;
        this.plants = plants;
        this.progress = progress;
        next = new AtomicLong(from);
    }

    Result run() throws Exception {
        int cores = Runtime.getRuntime().availableProcessors();
        List<Future<Totals>> workers = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(cores)) {
            for (int i = 0; i < cores; i++) {
                workers.add(pool.submit(this::work));
            }
        }
        Totals totals = new Totals();
        for (Future<Totals> worker : workers) {
            totals.add(worker.get());
        }
        return new Result(
                done.get(),
                Optional.ofNullable(failed),
                differing,
                totals.twice,
                totals,
                (System.nanoTime() - startNanos) / 1e9);
    }

    private Totals work() {
        Totals totals = new Totals();
        for (long seed = next.getAndIncrement(); seed < to && seed < failedSeed; seed = next.getAndIncrement()) {
            Schedule schedule = Schedule.drawn(seed, kinds);
            Simulator.Outcome outcome = Simulator.run(schedule, plants, line -> {});
            totals.add(outcome);
            if (outcome.violation() != null) {
                failed(outcome);
            }
            if (seed % TWICE_EVERY == 0) {
                totals.twice++;
                if (Simulator.run(schedule, plants, line -> {}).traceHash() != outcome.traceHash()) {
                    differs(seed);
                }
            }
            tell(done.incrementAndGet());
        }
        return totals;
    }

    private synchronized void failed(Simulator.Outcome outcome) {
        if (outcome.schedule().seed() < failedSeed) {
            failedSeed = outcome.schedule().seed();
            failed = outcome;
        }
    }

    private synchronized void differs(long seed) {
        differing = seed;
    }

    private void tell(long finished) {
        long now = System.nanoTime();
        long last = lastProgressNanos.get();
        if (now - last > PROGRESS_NANOS && lastProgressNanos.compareAndSet(last, now)) {
            double seconds = (now - startNanos) / 1e9;
            progress.accept(String.format(
                    Locale.ROOT, "%d of %d seeds, %.0f a second", finished, to - from, finished / seconds));
        }
    }
}
