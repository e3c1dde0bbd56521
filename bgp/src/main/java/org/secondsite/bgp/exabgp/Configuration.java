package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.secondsite.bgp.session.SpeakerSettings;

/**
 * What a configuration file of ExaBGP 4 says.
 *
 * @param settings the speaker and its neighbours; it listens nowhere unless a neighbour says {@code listen}
 * @param processes the helpers
 * @param routes what neighbours are told without a helper
 * @param manualEndOfRib whether only helpers send End-of-RIB markers
 */
public record Configuration(
        SpeakerSettings settings,
        List<HelperProcess> processes,
        Map<InetAddress, List<ApiCommand.Route>> routes,
        boolean manualEndOfRib) {
    /** Copies the collections. */
    public Configuration {
        processes = List.copyOf(processes);
        routes = Map.copyOf(routes);
    }

    /** A file, read; or the reason for which it is not. */
    public sealed interface Outcome {
        /** It is read as it is. */
        record Read(Configuration configuration) implements Outcome {}

        /**
         * It is not read: it is malformed, or asks for what is not there.
         *
         * @param reason with the line
         */
        record Refused(String reason) implements Outcome {}
    }

    /** Reads the text of a file. */
    public static Outcome parse(String text) {
        try {
            return new Outcome.Read(ConfigurationGrammar.read(Statement.parse(text)));
        } catch (Statement.MalformedException e) {
            return new Outcome.Refused(e.getMessage());
        }
    }
}
