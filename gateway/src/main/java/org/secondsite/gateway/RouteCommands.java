package org.secondsite.gateway;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.io.CommandPort;
import org.secondsite.gateway.timeline.Timeline;

/** Has the conductor judge announcements that scripts ask for, and notes what was taken. */
final class RouteCommands implements CommandPort.Routes {
    private static final int PATIENCE_SECONDS = 5;

    private final Conductor conductor;
    private final Announcements announcements;
    private final Timeline timeline;

    RouteCommands(Conductor conductor, Announcements announcements, Timeline timeline) {
        this.conductor = conductor;
        this.announcements = announcements;
        this.timeline = timeline;
    }

    @Override
    public List<Optional<String>> take(List<ApiCommand> commands) {
        List<Optional<String>> refused = ask(commands);
        long taken = refused.stream().filter(Optional::isEmpty).count();
        if (taken > 0) {
            timeline.note(
                    "bgp",
                    "bgp-command",
                    taken + " commands about routes were taken, the first: " + first(commands, refused));
        }
        return refused;
    }

    private List<Optional<String>> ask(List<ApiCommand> commands) {
        try {
            return conductor.ask(() -> announcements.take(commands)).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Collections.nCopies(commands.size(), Optional.of("the gateway ends"));
        } catch (ExecutionException | TimeoutException e) {
            return Collections.nCopies(
                    commands.size(), Optional.of("the gateway does not answer: it may still be done"));
        }
    }

    private static String first(List<ApiCommand> commands, List<Optional<String>> refused) {
        return switch (commands.get(refused.indexOf(Optional.empty()))) {
            case ApiCommand.Announce announce ->
                "announce " + announce.routes().getFirst().nlri();
            case ApiCommand.Withdraw withdraw -> "withdraw " + withdraw.routes().getFirst();
            default -> "clear";
        };
    }
}
