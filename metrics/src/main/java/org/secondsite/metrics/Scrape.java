package org.secondsite.metrics;

import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The figures of one moment. {@link #read} only takes values, in the thread that they belong to; what is made of them for
 * Prometheus, which costs more, is made by {@link #write}, in any other.
 */
public final class Scrape {
    /** The format that is written. */
    public static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    /** A value of a series; labels as names and values in turn. */
    private record Point(List<String> labels, List<String> furtherLabels, MetricTable.Value value) {
        Labels all() {
            return Labels.of(labels.toArray(String[]::new)).merge(Labels.of(furtherLabels.toArray(String[]::new)));
        }
    }

    private final Map<MetricTable.Family, List<Point>> families = new LinkedHashMap<>();

    /** Nothing read yet. */
    public Scrape() {}

    /**
     * Reads everything that a table has of one thing.
     *
     * @param labels what tells the thing from others of its kind: names and values in turn
     */
    public <T> void read(MetricTable<T> table, T thing, String... labels) {
        List<String> own = List.of(labels);
        for (MetricTable.Row<T> row : table.rows()) {
            families.computeIfAbsent(row.family(), family -> new ArrayList<>())
                    .add(new Point(own, row.labels(), row.reader().apply(thing)));
        }
    }

    /**
     * Writes all of it as Prometheus reads it (text exposition format 0.0.4, in UTF-8).
     *
     * @throws IllegalArgumentException if two series have one name and the same labels, or a name is none
     */
    public void write(OutputStream out) throws IOException {
        List<MetricSnapshot> snapshots = new ArrayList<>(families.size());
        families.forEach((family, points) -> snapshots.add(snapshot(family, points)));
        PrometheusTextFormatWriter.create().write(out, new MetricSnapshots(snapshots));
    }

    private static MetricSnapshot snapshot(MetricTable.Family family, List<Point> points) {
        return switch (family.kind()) {
            case COUNTER -> {
                CounterSnapshot.Builder counter =
                        CounterSnapshot.builder().name(family.name()).help(family.help());
                points.forEach(point -> counter.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                        .labels(point.all())
                        .value(number(point))
                        .build()));
                yield counter.build();
            }
            case GAUGE -> {
                GaugeSnapshot.Builder gauge =
                        GaugeSnapshot.builder().name(family.name()).help(family.help());
                points.forEach(point -> gauge.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                        .labels(point.all())
                        .value(number(point))
                        .build()));
                yield gauge.build();
            }
            case HISTOGRAM -> {
                HistogramSnapshot.Builder histogram =
                        HistogramSnapshot.builder().name(family.name()).help(family.help());
                points.forEach(point -> histogram.dataPoint(histogram(point)));
                yield histogram.build();
            }
        };
    }

    private static double number(Point point) {
        return ((MetricTable.Scalar) point.value()).value();
    }

    private static HistogramSnapshot.HistogramDataPointSnapshot histogram(Point point) {
        Buckets buckets = (Buckets) point.value();
        List<Double> bounds = new ArrayList<>(buckets.bounds());
        bounds.add(Double.POSITIVE_INFINITY);
        return HistogramSnapshot.HistogramDataPointSnapshot.builder()
                .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, buckets.counts()))
                .sum(buckets.sum())
                .labels(point.all())
                .build();
    }
}
