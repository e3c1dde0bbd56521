package org.secondsite.bgp.io;

import java.net.InetAddress;
import java.util.Optional;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.exabgp.DesiredRoutes;
import org.secondsite.bgp.exabgp.HelperProcess;
import org.secondsite.bgp.session.SpeakerSettings;

/** A helper: its routes, and how it is told and answered. Owned by the executor of {@link SpeakLoop}, except the port. */
final class Helper {
    private static final int FIRST_RESPAWN_MS = 1000;
    private static final int LAST_RESPAWN_MS = 60_000;

    private final String name;
    private final String command;
    private final DesiredRoutes routes;
    private Optional<HelperProcess> described = Optional.empty();
    private Optional<Process> process = Optional.empty();
    private HelperPort port;
    private boolean acknowledges = true;
    private int respawnMs = FIRST_RESPAWN_MS;
    private boolean removed;
    private boolean deaf;

    /**
     * It announces nothing yet.
     *
     * @param command what the shell runs; empty: it is no process of ours
     */
    Helper(String name, String command, SpeakerSettings speaker) {
        this.name = name;
        this.command = command;
        this.routes = new DesiredRoutes(speaker);
        this.port = new HelperPort(name);
    }

    /** One of a configuration file: it speaks for those neighbours alone that name it. */
    static Helper of(HelperProcess described, SpeakerSettings speaker) {
        Helper helper = new Helper(described.name(), described.command(), speaker);
        helper.describe(described, speaker);
        return helper;
    }

    /** One that speaks for all neighbours and is told of nothing. */
    static Helper unheard(String name, SpeakerSettings speaker) {
        Helper helper = new Helper(name, "", speaker);
        helper.deaf = true;
        return helper;
    }

    void describe(HelperProcess changed, SpeakerSettings speaker) {
        described = Optional.of(changed);
        routes.use(speaker.withNeighbors(speaker.neighbors().stream()
                .filter(neighbor -> changed.hears().containsKey(neighbor.address()))
                .toList()));
    }

    String name() {
        return name;
    }

    String command() {
        return command;
    }

    DesiredRoutes routes() {
        return routes;
    }

    Optional<HelperProcess> described() {
        return described;
    }

    HelperPort port() {
        return port;
    }

    /** A process begins with a port of its own, and is answered until it says otherwise. */
    HelperPort renewPort() {
        port = new HelperPort(name);
        acknowledges = true;
        return port;
    }

    void runs(Process now) {
        process = Optional.of(now);
    }

    /** It is to end and not to come back. */
    void remove() {
        removed = true;
        port.close();
        process.ifPresent(Process::destroy);
    }

    /** Whether it is run again when it has ended. */
    boolean comesBack() {
        return !removed && described.map(HelperProcess::respawn).orElse(true);
    }

    boolean isRemoved() {
        return removed;
    }

    /** How long to wait before it is run again: the longer, the more often it did not live for a minute. */
    int nextRespawnMs(long livedMs) {
        respawnMs = livedMs > LAST_RESPAWN_MS ? FIRST_RESPAWN_MS : Math.min(respawnMs * 2, LAST_RESPAWN_MS);
        return respawnMs;
    }

    int respawnMs() {
        return respawnMs;
    }

    boolean acknowledges() {
        return acknowledges;
    }

    /** Its wish, before it is answered. */
    void acknowledge(ApiCommand.Acknowledge.Mode mode) {
        acknowledges = mode != ApiCommand.Acknowledge.Mode.SILENCE;
    }

    /** Its wish was answered. */
    void acknowledged(ApiCommand.Acknowledge.Mode mode) {
        acknowledges = mode == ApiCommand.Acknowledge.Mode.ENABLE;
    }

    /** Whether it is told of such an event; one that no file describes is told of all. */
    boolean hears(InetAddress neighbor, HelperProcess.EventKind kind) {
        return described.map(process -> process.hears(neighbor, kind)).orElse(!deaf);
    }
}
