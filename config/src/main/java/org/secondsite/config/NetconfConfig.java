package org.secondsite.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;

/**
 * The way in for NETCONF over SSH. Whoever has the key of one of these names may come in.
 *
 * @param listen where
 * @param hostKey the file with the gateway's private key
 * @param authorizedKeys the file with their public keys, whose comments are their names
 * @param admins who may change the configuration
 * @param operators who may tick boxes
 * @param viewers who may look
 */
public record NetconfConfig(
        InetSocketAddress listen,
        Path hostKey,
        Path authorizedKeys,
        List<String> admins,
        List<String> operators,
        List<String> viewers) {
    /** Copies the lists. */
    public NetconfConfig {
        admins = List.copyOf(admins);
        operators = List.copyOf(operators);
        viewers = List.copyOf(viewers);
    }
}
