package org.secondsite.witness.desk;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Bounds the connections that have not proven who they are: some of each address, some of all. When there is no room, the
 * oldest of the fullest party gives way: a rightful client is through in milliseconds, so it is not kept out by those that
 * connect and then say nothing, not even from the same address.
 *
 * @param <G> a guest
 */
public final class Doorkeeper<G> {
    private final int maxOfAddress;
    private final int maxOfAll;
    private final Map<G, String> guests = new LinkedHashMap<>();

    /**
     * Nobody is at the door.
     *
     * @param maxOfAddress of one address
     * @param maxOfAll of all together
     */
    public Doorkeeper(int maxOfAddress, int maxOfAll) {
        this.maxOfAddress = maxOfAddress;
        this.maxOfAll = maxOfAll;
    }

    /** Somebody comes; who has to go for it. */
    public Optional<G> came(G guest, String address) {
        Optional<G> gives = Optional.empty();
        if (count(address) >= maxOfAddress) {
            gives = oldest(address);
        } else if (guests.size() >= maxOfAll) {
            gives = oldest(fullest());
        }
        gives.ifPresent(guests::remove);
        guests.put(guest, address);
        return gives;
    }

    /** Has proven who it is, or is gone. */
    public void left(G guest) {
        guests.remove(guest);
    }

    /** How many there are. */
    public int size() {
        return guests.size();
    }

    private long count(String address) {
        return guests.values().stream().filter(address::equals).count();
    }

    private Optional<G> oldest(String address) {
        return guests.entrySet().stream()
                .filter(entry -> entry.getValue().equals(address))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    private String fullest() {
        List<String> addresses = new ArrayList<>(guests.values());
        return addresses.stream()
                .max((one, other) -> Long.compare(count(one), count(other)))
                .orElse("");
    }
}
