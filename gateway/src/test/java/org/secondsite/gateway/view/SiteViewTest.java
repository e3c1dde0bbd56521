package org.secondsite.gateway.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.secondsite.config.VmId;
import org.secondsite.replicator.tunnel.PeerMessage;

class SiteViewTest {
    private static SiteView view(Map<String, String> entries) {
        return SiteView.of(new TreeMap<>(entries));
    }

    @Test
    void aViewComesBackFromItsPartsAndFromNoOthers() {
        TreeMap<String, String> many = new TreeMap<>();
        IntStream.range(0, 2_000)
                .forEach(i -> many.put("groups[web].vms[vm%04d].addresses".formatted(i), "203.0.113." + i));
        SiteView view = view(many);
        List<PeerMessage.ViewPart> parts = view.parts();
        assertTrue(parts.size() > 1, parts.size() + " parts");
        assertEquals(Optional.of(view), SiteView.of(view.digest(), parts.reversed()));
        assertEquals(Optional.empty(), SiteView.of(view.digest(), parts.subList(1, parts.size())));
    }

    @Test
    void aViewThatIsTooLargeHasNoParts() {
        TreeMap<String, String> huge = new TreeMap<>();
        String value = "v".repeat(PeerMessage.ViewPart.MAX_TEXT_BYTES);
        int parts = PeerMessage.ViewPart.MAX_PARTS + 1;
        IntStream.range(0, parts * (PeerMessage.ViewPart.MAX_BYTES / value.length()))
                .forEach(i -> huge.put("setting" + i, value));
        assertEquals(List.of(), view(huge).parts());
    }

    @Test
    void whatOnlyOneReleaseSpeaksOfIsNoDifferenceAndAVmThatOnlyOneFileHasIsOne() {
        SiteView here = view(Map.of("tunnel.newSetting", "1", "groups[web].vms[vm2].protected", "true"));
        SiteView there = view(Map.of("groups[web].prefixes", "", "groups[web].vms[vm2].protected", "false"));
        assertEquals(
                List.of(
                        new ViewDifference("groups[web].prefixes", "", ""),
                        new ViewDifference("groups[web].vms[vm2].protected", "true", "false")),
                here.differences(there));
        assertEquals(List.of(), here.differences(here));
        assertNotEquals(here.digest(), there.digest());
    }

    @Test
    void aTickIsNoPartOfAVmsIdentityAndItsFirstHopIs() {
        List<ViewDifference> differences = List.of(
                new ViewDifference("groups[web].vms[vm1].protected", "true", "false"),
                new ViewDifference("groups[web].vms[vm2].firstHop", "x", "y"),
                new ViewDifference("groups[web].vms[vm2].mac", "1", "2"),
                new ViewDifference("groups[web].vms[].mac", "1", ""),
                new ViewDifference("checkpoint.overload", "SOLO", "SLOW"));
        assertEquals(
                Map.of(new VmId("vm2"), "firstHop x at a, y at b; mac 1 at a, 2 at b"),
                SiteView.ofIdentity(differences, "a", "b"));
    }
}
