package org.secondsite.openflow;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.TlsFiles;

/**
 * The settings of the controller.
 *
 * @param listen where switches connect to; port 0 takes a free one; empty: all of them are dialled
 * @param tls who the controller is, and whose word it takes; empty: plain text
 * @param switches the switches that may connect
 * @param echoAfterMs the silence after which a switch is asked whether it lives
 * @param deadAfterMs the silence, or the wait for an answer, after which a session is given up
 */
public record ControllerSettings(
        Optional<InetSocketAddress> listen,
        Optional<TlsFiles> tls,
        List<SwitchSettings> switches,
        int echoAfterMs,
        int deadAfterMs) {
    private static final int ECHO_AFTER_MS = 500;

    /** Longer than the time in which a busy Open vSwitch commits 50,000 flows, during which it answers nothing. */
    private static final int DEAD_AFTER_MS = 5000;

    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if the times are not ordered, two switches share a name or datapath id, or one is to
     *     prove itself without TLS
     */
    public ControllerSettings {
        switches = List.copyOf(switches);
        if (echoAfterMs < 1 || deadAfterMs <= echoAfterMs) {
            throw new IllegalArgumentException("0 < echoAfterMs < deadAfterMs does not hold");
        }
        long names = switches.stream().map(SwitchSettings::id).distinct().count();
        long datapaths =
                switches.stream().map(SwitchSettings::datapathId).distinct().count();
        if (names < switches.size() || datapaths < switches.size()) {
            throw new IllegalArgumentException("two switches share a name or a datapath id: " + switches);
        }
        if (tls.isEmpty()
                && switches.stream()
                        .anyMatch(one -> one.access().certificate().isPresent()
                                || one.database()
                                        .flatMap(DatabaseAccess::certificate)
                                        .isPresent())) {
            throw new IllegalArgumentException("a switch or database that shows a certificate needs TLS: " + switches);
        }
    }

    /** The same with other switches. */
    public ControllerSettings with(List<SwitchSettings> others) {
        return new ControllerSettings(listen, tls, others, echoAfterMs, deadAfterMs);
    }

    /** The same with other times. */
    public ControllerSettings with(int otherEchoAfterMs, int otherDeadAfterMs) {
        return new ControllerSettings(listen, tls, switches, otherEchoAfterMs, otherDeadAfterMs);
    }

    /** With the default times. */
    public ControllerSettings(
            Optional<InetSocketAddress> listen, Optional<TlsFiles> tls, List<SwitchSettings> switches) {
        this(listen, tls, switches, ECHO_AFTER_MS, DEAD_AFTER_MS);
    }

    /** The same in plain text. */
    public ControllerSettings(InetSocketAddress listen, List<SwitchSettings> switches) {
        this(Optional.of(listen), Optional.empty(), switches);
    }
}
