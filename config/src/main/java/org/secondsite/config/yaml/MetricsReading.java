package org.secondsite.config.yaml;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import org.secondsite.config.MetricsConfig;

/** The optional {@code metrics} section, the same in every file that has one. */
final class MetricsReading {
    private MetricsReading() {}

    /**
     * Reads it.
     *
     * @param taken the addresses at which this process listens already, by what stands in the message
     */
    static Optional<MetricsConfig> read(Section root, Map<String, InetSocketAddress> taken) {
        return root.optionalSection("metrics").map(section -> {
            InetSocketAddress listen = section.endpoint("listen");
            taken.forEach((name, address) -> {
                if (address.equals(listen)) {
                    section.problem("listen", Values.shown(listen) + " is taken by " + name);
                }
            });
            return new MetricsConfig(listen);
        });
    }
}
