package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;

/** Which neighbours a command is for: those that any of the selectors fits. */
public record NeighborFilter(List<Selector> selectors) {
    /** All of them. */
    public static final NeighborFilter ALL = new NeighborFilter(
            List.of(new Selector(Optional.empty(), Optional.empty(), OptionalLong.empty(), OptionalLong.empty())));

    /** Copies the list. */
    public NeighborFilter {
        selectors = List.copyOf(selectors);
    }

    /** {@code neighbor IP|* [local-ip IP] [local-as N] [peer-as N]}; what is absent fits all. */
    public record Selector(
            Optional<InetAddress> peer, Optional<InetAddress> local, OptionalLong localAs, OptionalLong peerAs) {
        boolean fits(SpeakerSettings speaker, NeighborSettings neighbor) {
            return (peer.isEmpty() || peer.get().equals(neighbor.address()))
                    && (local.isEmpty() || local.get().equals(neighbor.localAddress()))
                    && (localAs.isEmpty() || localAs.getAsLong() == speaker.localAs())
                    && (peerAs.isEmpty() || peerAs.getAsLong() == neighbor.remoteAs());
        }
    }

    /** The addresses of the neighbours that are meant. */
    public List<InetAddress> select(SpeakerSettings speaker) {
        return speaker.neighbors().stream()
                .filter(neighbor -> selectors.stream().anyMatch(selector -> selector.fits(speaker, neighbor)))
                .map(NeighborSettings::address)
                .toList();
    }
}
