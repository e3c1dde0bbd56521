package org.secondsite.bgp.lab;

import java.time.Duration;
import java.time.LocalTime;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A session as BIRD shows it. */
final class BirdSession {
    private static final Pattern TIME = Pattern.compile("\\d\\d:\\d\\d:\\d\\d\\.\\d{3}");
    private static final long SAME_MS = 500;

    private BirdSession() {}

    /**
     * Whether these texts tell of the beginning of one session. BIRD reckons the time of day anew whenever it is asked, to a millisecond;
     * after the end of a session it waits for a second before the next.
     */
    static boolean isOne(String since, String later) {
        Optional<LocalTime> before = time(since);
        Optional<LocalTime> after = time(later);
        if (before.isEmpty() || after.isEmpty()) {
            return false;
        }
        long apartMs = Duration.between(before.get(), after.get()).abs().toMillis();
        return Math.min(apartMs, Duration.ofDays(1).toMillis() - apartMs) < SAME_MS;
    }

    private static Optional<LocalTime> time(String text) {
        Matcher matcher = TIME.matcher(text);
        return matcher.find() ? Optional.of(LocalTime.parse(matcher.group())) : Optional.empty();
    }
}
