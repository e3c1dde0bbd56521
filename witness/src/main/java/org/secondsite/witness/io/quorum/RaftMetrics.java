package org.secondsite.witness.io.quorum;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.ratis.metrics.LongCounter;
import org.apache.ratis.metrics.MetricRegistries;
import org.apache.ratis.metrics.MetricRegistryInfo;
import org.apache.ratis.metrics.RatisMetricRegistry;
import org.apache.ratis.metrics.Timekeeper;
import org.apache.ratis.util.TimeDuration;
import org.secondsite.witness.FsyncHistogram;

/**
 * Takes from the metrics of Ratis the one that cannot be had otherwise, the time to force its log, and drops the others.
 * Ratis finds this class as a service ({@code META-INF/services}) and has one instance per process.
 */
public final class RaftMetrics extends MetricRegistries {
    private static final String SYNC_TIME = "syncTime";
    private static final Map<String, FsyncHistogram> FSYNCS = new ConcurrentHashMap<>();
    private static final Timekeeper DROPPED = () -> () -> 0L;

    private final Map<MetricRegistryInfo, RatisMetricRegistry> registries = new ConcurrentHashMap<>();

    /** For Ratis. */
    public RaftMetrics() {}

    /** How long the forces of a member took; {@code node@group} as Ratis names it. */
    static FsyncHistogram fsyncsOf(String member) {
        return FSYNCS.computeIfAbsent(member, name -> new FsyncHistogram());
    }

    private record Registry(MetricRegistryInfo info) implements RatisMetricRegistry {
        @Override
        public Timekeeper timer(String name) {
            if (!name.equals(SYNC_TIME)) {
                return DROPPED;
            }
            FsyncHistogram fsyncs = fsyncsOf(info.getPrefix());
            return () -> {
                long start = System.nanoTime();
                return () -> {
                    long took = System.nanoTime() - start;
                    fsyncs.took(took);
                    return took;
                };
            };
        }

        @Override
        public LongCounter counter(String name) {
            return new Counter(new LongAdder());
        }

        @Override
        public boolean remove(String name) {
            return true;
        }

        @Override
        public <T> void gauge(String name, Supplier<Supplier<T>> gauge) {
            // Dropped.
        }

        @Override
        public MetricRegistryInfo getMetricRegistryInfo() {
            return info;
        }
    }

    private record Counter(LongAdder count) implements LongCounter {
        @Override
        public void inc(long n) {
            count.add(n);
        }

        @Override
        public void dec(long n) {
            count.add(-n);
        }

        @Override
        public long getCount() {
            return count.sum();
        }
    }

    @Override
    public void clear() {
        registries.clear();
    }

    @Override
    public RatisMetricRegistry create(MetricRegistryInfo info) {
        return registries.computeIfAbsent(info, Registry::new);
    }

    @Override
    public boolean remove(MetricRegistryInfo key) {
        return registries.remove(key) != null;
    }

    @Override
    public Optional<RatisMetricRegistry> get(MetricRegistryInfo info) {
        return Optional.ofNullable(registries.get(info));
    }

    @Override
    public Set<MetricRegistryInfo> getMetricRegistryInfos() {
        return Set.copyOf(registries.keySet());
    }

    @Override
    public Collection<RatisMetricRegistry> getMetricRegistries() {
        return List.copyOf(registries.values());
    }

    @Override
    public void addReporterRegistration(
            Consumer<RatisMetricRegistry> registration, Consumer<RatisMetricRegistry> stop) {
        // Nothing is reported from here.
    }

    @Override
    public void enableJmxReporter() {
        // Nothing is reported from here.
    }

    @Override
    public void enableConsoleReporter(TimeDuration rate) {
        // Nothing is reported from here.
    }
}
