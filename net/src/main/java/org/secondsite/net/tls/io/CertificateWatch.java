package org.secondsite.net.tls.io;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.secondsite.config.TlsFiles;

/**
 * Warns in time: of certificates {@value #CERTIFICATE_DAYS} days before they end, of a revocation list {@value #LIST_DAYS} day before, and of
 * files that cannot be used. Once a day each. It reads the files itself, on a thread of its own, so it speaks also where nobody connects.
 */
public final class CertificateWatch implements AutoCloseable {
    private static final int CERTIFICATE_DAYS = 30;
    private static final int LIST_DAYS = 1;
    private static final Duration LOOK = Duration.ofMinutes(1);
    private static final Duration AGAIN = Duration.ofDays(1);

    private final TlsFiles files;
    private final Consumer<String> alarm;
    private final Supplier<Instant> clock;
    private final Thread thread;
    private volatile State state;
    private List<String> told = List.of();
    private Instant toldAt = Instant.MIN;

    /**
     * What is known of an end's files.
     *
     * @param certificate when the own certificate ends, or one of those that it comes with; empty if its form is not understood
     * @param authority when the first of the authorities ends, likewise
     * @param list when the first revocation list ends; empty without one
     * @param fault why the files cannot be used, empty if they can; the ends are those of before
     */
    public record State(
            Optional<Instant> certificate,
            Optional<Instant> authority,
            Optional<Instant> list,
            Optional<String> fault) {
        /** Those ends that are known, by the file's word in the configuration. */
        public Map<String, Instant> ends() {
            Map<String, Instant> ends = new TreeMap<>();
            certificate.ifPresent(end -> ends.put("certificate", end));
            authority.ifPresent(end -> ends.put("authority", end));
            list.ifPresent(end -> ends.put("crl", end));
            return ends;
        }
    }

    private CertificateWatch(TlsFiles files, Consumer<String> alarm, Supplier<Instant> clock) {
        this.files = files;
        this.alarm = alarm;
        this.clock = clock;
        this.state = new State(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
        this.thread = Thread.ofVirtual().name("certificate-watch").unstarted(this::run);
    }

    /**
     * Looks now, and from then on every minute.
     *
     * @param alarm is told in words what is to be done; on a thread of this watch, but for the first time
     */
    public static CertificateWatch open(TlsFiles files, Consumer<String> alarm) {
        CertificateWatch watch = of(files, alarm, Instant::now);
        watch.look();
        watch.thread.start();
        return watch;
    }

    /** One that looks only when it is told to. */
    static CertificateWatch of(TlsFiles files, Consumer<String> alarm, Supplier<Instant> clock) {
        return new CertificateWatch(files, alarm, clock);
    }

    /** What was found when it last looked. */
    public State state() {
        return state;
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(LOOK);
                look();
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    void look() {
        try {
            TlsMaterial read = TlsMaterial.read(files);
            state = new State(
                    TlsMaterial.end(read.chain()),
                    TlsMaterial.end(read.authorities()),
                    read.revocations().flatMap(lists -> lists.end()),
                    Optional.empty());
        } catch (IOException e) {
            state = new State(
                    state.certificate(), state.authority(), state.list(), Optional.of(String.valueOf(e.getMessage())));
        }
        Instant now = clock.get();
        List<String> alarms = alarms(state, now);
        boolean again = Duration.between(toldAt, now).compareTo(AGAIN) >= 0;
        if (!alarms.equals(told) || (again && !alarms.isEmpty())) {
            alarms.stream().filter(one -> again || !told.contains(one)).forEach(alarm);
            told = alarms;
            toldAt = now;
        }
    }

    private List<String> alarms(State found, Instant now) {
        List<String> alarms = new ArrayList<>();
        found.fault().ifPresent(alarms::add);
        ending("certificate " + files.certificate(), found.certificate(), CERTIFICATE_DAYS, now)
                .ifPresent(alarms::add);
        ending("authority " + files.authority(), found.authority(), CERTIFICATE_DAYS, now)
                .ifPresent(alarms::add);
        files.crl()
                .flatMap(file -> ending("revocation list " + file, found.list(), LIST_DAYS, now))
                .ifPresent(alarms::add);
        return alarms;
    }

    private static Optional<String> ending(String what, Optional<Instant> end, int days, Instant now) {
        return end.filter(at -> now.isAfter(at.minus(Duration.ofDays(days))))
                .map(at -> what
                        + (now.isAfter(at)
                                ? " has ended at " + at + ": no new connection is made with it"
                                : " ends at " + at + ": it is to be renewed"));
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
