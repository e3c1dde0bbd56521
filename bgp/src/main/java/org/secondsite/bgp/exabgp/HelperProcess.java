package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A helper of a configuration file.
 *
 * @param name by which neighbours name it; it also tells one from another when the file is read again
 * @param command what the shell is to run
 * @param respawn whether it is run again when it ends
 * @param encoder in what form it is told of events
 * @param hears what it is told of which neighbour; it may announce to all of these, and to no other
 */
public record HelperProcess(
        String name, String command, boolean respawn, Encoder encoder, Map<InetAddress, Set<EventKind>> hears) {
    /** Copies the map. */
    public HelperProcess {
        hears = Map.copyOf(hears);
    }

    /** Forms of events. */
    public enum Encoder {
        /** Lines of JSON. */
        JSON,
        /** Lines of text, of which a helper that only announces hears nothing. */
        TEXT
    }

    /** What a helper may be told of. */
    public enum EventKind {
        /** {@code neighbor-changes}: a session is connected, up or down. */
        STATE,
        /** {@code receive { update; }}. */
        UPDATE,
        /** {@code receive { notification; }}. */
        NOTIFICATION_IN,
        /** {@code send { notification; }}. */
        NOTIFICATION_OUT,
        /** {@code receive { refresh; }}. */
        REFRESH
    }

    /** Whether it is told of such an event of the neighbour. */
    public boolean hears(InetAddress neighbor, EventKind kind) {
        return hears.getOrDefault(neighbor, Set.of()).contains(kind);
    }

    /** Whether it is to run as the other one does. */
    public boolean runsLike(HelperProcess other) {
        return name.equals(other.name) && command.equals(other.command);
    }

    /** One by that name among others. */
    static Optional<HelperProcess> named(Iterable<HelperProcess> all, String name) {
        for (HelperProcess each : all) {
            if (each.name().equals(name)) {
                return Optional.of(each);
            }
        }
        return Optional.empty();
    }
}
