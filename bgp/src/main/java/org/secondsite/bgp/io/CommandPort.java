package org.secondsite.bgp.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.Octets;

/**
 * ExaBGP's text API for a program that decides by itself what its speaker announces: {@code exabgpcli} and scripts ask, and the
 * program takes or refuses each announcement, with a reason that is answered.
 *
 * <p>Commands come by the pipes and the socket of a directory ({@code exabgp.in}, {@code exabgp.out}, {@code exabgp.sock}). Each client is read no faster
 * than its commands are carried out.
 */
public final class CommandPort implements AutoCloseable {
    private static final long PACE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final String NAME = "exabgp";
    private static final String NOT_HERE = "this program's settings and its life are not a command's to change";

    private final BgpSpeaker speaker;
    private final Routes routes;
    private ApiPort port;

    /** What becomes of commands about routes. */
    @FunctionalInterface
    public interface Routes {
        /**
         * Takes or refuses commands: {@link ApiCommand.Announce}, {@link ApiCommand.Withdraw}, {@link ApiCommand.Watchdog} and
         * {@link ApiCommand.Clear}. Called on a client's own thread, and may wait.
         *
         * @return for each the reason for which it is refused; empty: it is taken
         */
        List<Optional<String>> take(List<ApiCommand> commands);
    }

    private CommandPort(BgpSpeaker speaker, Routes routes) {
        this.speaker = speaker;
        this.routes = routes;
    }

    /**
     * Takes commands from now on.
     *
     * @throws IOException if the pipes or the socket cannot be made, or another process serves them
     */
    public static CommandPort open(Path directory, BgpSpeaker speaker, Routes routes) throws IOException {
        CommandPort commands = new CommandPort(speaker, routes);
        commands.port = ApiPort.open(directory, NAME, commands::converse);
        return commands;
    }

    private AutoCloseable converse(InputStream from, OutputStream to) {
        HelperPort client = HelperPort.explaining("api");
        Conversation conversation = new Conversation(client);
        client.start(
                from,
                to,
                (lines, done) -> {
                    try {
                        conversation.take(lines);
                    } finally {
                        done.run();
                    }
                },
                client::close);
        return client::finish;
    }

    /** Of one client. */
    private final class Conversation {
        private final HelperPort client;
        private boolean acknowledges = true;

        Conversation(HelperPort client) {
            this.client = client;
        }

        void take(List<HelperPort.Line> lines) {
            List<ApiCommand> aboutRoutes = new ArrayList<>();
            for (HelperPort.Line line : lines) {
                switch (line.command()) {
                    case ApiCommand.Announce _, ApiCommand.Withdraw _, ApiCommand.Watchdog _, ApiCommand.Clear _ ->
                        aboutRoutes.add(line.command());
                    case ApiCommand.Nothing() -> {}
                    default -> {
                        routes(aboutRoutes);
                        answer(carryOut(line.command()));
                        if (line.command() instanceof ApiCommand.Acknowledge(var mode)) {
                            acknowledges = mode == ApiCommand.Acknowledge.Mode.ENABLE;
                        }
                    }
                }
            }
            routes(aboutRoutes);
        }

        /** Many lines are one question, and the next ones wait a moment: whoever decides has more to do. */
        private void routes(List<ApiCommand> commands) {
            if (!commands.isEmpty()) {
                routes.take(List.copyOf(commands)).forEach(this::answer);
                commands.clear();
                LockSupport.parkNanos(PACE_NANOS);
            }
        }

        private void answer(Optional<String> fault) {
            if (acknowledges) {
                client.answer(fault);
            }
        }

        private Optional<String> carryOut(ApiCommand command) {
            SpeakerSettings settings = speaker.settings();
            SpeakAnswers answers = new SpeakAnswers(speaker, client::send);
            switch (command) {
                case ApiCommand.Fault(String reason) -> {
                    return Optional.of(reason);
                }
                case ApiCommand.Flush(var to) -> to.select(settings).forEach(speaker::resend);
                case ApiCommand.EndOfRib(var to, var family) ->
                    to.select(settings).forEach(peer -> speaker.endOfRib(peer, family));
                case ApiCommand.RouteRefresh(var to, var family) ->
                    to.select(settings).forEach(peer -> speaker.requestRefresh(peer, family));
                case ApiCommand.Teardown(var to, int subcode) -> {
                    NotificationMessage cease = new NotificationMessage(BgpError.CEASE.code(), subcode, Octets.NONE);
                    to.select(settings).forEach(peer -> speaker.reset(peer, cease, "torn down by a command"));
                }
                case ApiCommand.ShowNeighbor show -> answers.neighbors(settings, show);
                case ApiCommand.ShowAdjRib show -> answers.routes(settings, show);
                case ApiCommand.ShowRib(var only) -> answers.best(only);
                case ApiCommand.Version() -> answers.version();
                case ApiCommand.Help() -> answers.help();
                case ApiCommand.Reload _, ApiCommand.Shutdown _, ApiCommand.Restart _ -> {
                    return Optional.of(NOT_HERE);
                }
                case ApiCommand.Acknowledge(var mode) -> acknowledges = mode != ApiCommand.Acknowledge.Mode.SILENCE;
                case ApiCommand.Nothing _,
                        ApiCommand.Comment _,
                        ApiCommand.Announce _,
                        ApiCommand.Withdraw _,
                        ApiCommand.Watchdog _,
                        ApiCommand.Clear _ -> {}
            }
            return Optional.empty();
        }
    }

    /** Removes what was made. Routes that were announced stay with the program. */
    @Override
    public void close() {
        port.close();
    }
}
