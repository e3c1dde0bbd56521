package org.secondsite.net.tls.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.TlsFiles;
import org.secondsite.pki.TestAuthority;

class CertificateWatchTest {
    private final Instant start = Instant.now();

    @TempDir
    private Path directory;

    private TestAuthority authority;
    private Instant now = start;
    private final List<String> alarms = new ArrayList<>();

    @BeforeEach
    void makeAuthority() throws Exception {
        authority = new TestAuthority(directory);
    }

    @Test
    void anAlarmComesThirtyDaysBeforeTheEndOnceADayUntilItIsRenewed() throws Exception {
        TlsFiles files = authority.issue("a", start, start.plus(Duration.ofDays(100)));
        CertificateWatch watch = CertificateWatch.of(files, alarms::add, () -> now);
        at(watch, Duration.ofDays(69));
        assertEquals(List.of(), alarms);
        at(watch, Duration.ofDays(71));
        assertEquals(1, alarms.size(), alarms::toString);
        assertTrue(alarms.getFirst().startsWith("certificate " + files.certificate() + " ends at "), alarms::toString);
        at(watch, Duration.ofDays(71).plusHours(3));
        assertEquals(1, alarms.size(), alarms::toString);
        at(watch, Duration.ofDays(72).plusHours(3));
        assertEquals(2, alarms.size(), alarms::toString);
        authority.issue("a");
        at(watch, Duration.ofDays(80));
        assertEquals(2, alarms.size(), alarms::toString);
    }

    @Test
    void aListThatEndsAndOneThatCannotBeReadAreAlarms() throws Exception {
        TlsFiles files = authority.issue("a").revokedBy(authority.list());
        authority.renewList(start, start.plus(Duration.ofDays(7)));
        CertificateWatch watch = CertificateWatch.of(files, alarms::add, () -> now);
        at(watch, Duration.ofDays(5));
        assertEquals(List.of(), alarms);
        at(watch, Duration.ofDays(6).plusHours(1));
        at(watch, Duration.ofDays(8));
        assertTrue(alarms.get(0).contains("revocation list " + authority.list() + " ends at"), alarms::toString);
        assertTrue(alarms.get(1).contains("has ended at"), alarms::toString);
        Files.writeString(authority.list(), "half written");
        at(watch, Duration.ofDays(8).plusHours(1));
        assertTrue(alarms.get(2).contains("cannot use revocation list"), alarms::toString);
        assertTrue(watch.state().fault().isPresent());
        assertTrue(watch.state().list().isPresent(), "what was known of the one before stays");
        assertEquals(
                Optional.empty(),
                CertificateWatch.of(files, alarms::add, () -> now).state().list());
    }

    private void at(CertificateWatch watch, Duration since) {
        now = start.plus(since);
        watch.look();
    }
}
