package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.lab.plan.Site;

/**
 * A second group comes to gateways and to the three nodes of a witness that all run, goes, and comes again; the guest's own group does so
 * under its connections; and then its site dies.
 */
@Tag("lab")
class GroupsDrillTest {
    private static final String GROUPS = "groups:\n";
    private static final String SHOP_PREFIX = "203.0.113.128/25";
    private static final String WITNESS_GROUPS = "groups: [";
    private static final String WITNESS_SHOP = WITNESS_GROUPS + "{name: shop, sites: [a, b], initialOwner: a}, ";
    private static final int LIMIT_SECONDS = 30;

    private static JsonNode commit(DrillLab drill, Site site, String text) throws IOException {
        JsonNode answer = ManagementClient.ask(
                drill.lab().paths().management(site), "config", Map.of("action", "commit", "text", text));
        assertFalse(answer.has("error"), answer.toString());
        return answer;
    }

    private static String text(DrillLab drill, Site site) throws IOException {
        return Files.readString(drill.lab().paths().file("gateway-" + site.id() + ".yaml"));
    }

    /** The guest's group has half of its prefix, which makes room for another group. */
    private static String makesRoom(DrillLab drill, Site site) throws IOException {
        String before = text(drill, site);
        String after = before.replace("prefixes: [203.0.113.0/24]", "prefixes: [203.0.113.0/25]")
                .replace("[203.0.113.0/25, 203.0.113.128/25]", "[203.0.113.0/26, 203.0.113.64/26]");
        commit(drill, site, after);
        return after;
    }

    /** The same with a second group, of a VM that is not ticked. */
    private static String withShop(Site site, String text) {
        return text.replace(
                GROUPS,
                GROUPS + "  - name: shop\n    prefixes: [" + SHOP_PREFIX + "]\n    vms: [{name: vm2, protected: false,"
                        + " mac: \"52:54:00:c0:10:02\", addresses: [203.0.113.200], switch: sw-" + site.id()
                        + ", port: vm2}]\n");
    }

    private static JsonNode group(DrillLab drill, Site site, String name) throws IOException {
        for (JsonNode group : drill.site(site).status().path("groups")) {
            if (group.path("name").asText().equals(name)) {
                return group;
            }
        }
        return MissingNode.getInstance();
    }

    private static void awaitState(DrillLab drill, Site site, String group, String state) throws IOException {
        Waiting.until(
                "group " + group + " to be " + state + " at " + site,
                LIMIT_SECONDS,
                () -> group(drill, site, group).path("state").asText().equals(state));
    }

    /** Whether the router beside site B, a BIRD, has the second group's route. */
    private static boolean isAnnounced(DrillLab drill) throws IOException {
        return Commands.run(
                        "birdc",
                        "-s",
                        drill.lab().paths().file("router-b.ctl").toString(),
                        "show route protocol to_gateway")
                .contains(SHOP_PREFIX);
    }

    private static void enrollAtRunningNodes(DrillLab drill, WitnessView witness) throws IOException {
        for (String node : witness.processes()) {
            Path file = drill.lab().paths().file(node + ".yaml");
            Files.writeString(file, Files.readString(file).replace(WITNESS_GROUPS, WITNESS_SHOP));
            drill.lab().hangUp(node);
        }
    }

    @Test
    void groupsComeAndGoWhileEverythingRuns() throws IOException {
        try (JudgedLab drill = JudgedLab.up("groups", options -> options.withWitnesses(3));
                WitnessView witness = new WitnessView(drill.lab())) {
            assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
            drill.requireService();
            long term = drill.site(Site.A).term();
            String beforeAtB = makesRoom(drill, Site.B);
            String before = makesRoom(drill, Site.A);
            drill.requireService();

            commit(drill, Site.A, withShop(Site.A, before));
            assertEquals("UNKNOWN", group(drill, Site.A, "shop").path("state").asText(), "no witness knows it");
            enrollAtRunningNodes(drill, witness);
            awaitState(drill, Site.A, "shop", "SOLO");
            commit(drill, Site.B, withShop(Site.B, beforeAtB));
            awaitState(drill, Site.A, "shop", "PROTECTED");
            awaitState(drill, Site.B, "shop", "STANDBY");
            Waiting.until("its route", LIMIT_SECONDS, () -> isAnnounced(drill));
            long shopTerm = group(drill, Site.A, "shop").path("term").asLong();

            commit(drill, Site.A, before);
            commit(drill, Site.B, beforeAtB);
            Waiting.until("no route", LIMIT_SECONDS, () -> !isAnnounced(drill));
            commit(drill, Site.B, withShop(Site.B, beforeAtB));
            commit(drill, Site.A, withShop(Site.A, before));
            awaitState(drill, Site.A, "shop", "PROTECTED");
            assertTrue(group(drill, Site.A, "shop").path("term").asLong() > shopTerm, "its terms never come again");
            assertEquals(term, group(drill, Site.A, "web").path("term").asLong(), "nobody else is touched");
            assertEquals("PROTECTED", group(drill, Site.A, "web").path("state").asText());

            theGuestsOwnGroupGoesAndComesAgain(drill);

            drill.lab().kill("site:a");
            drill.requireService(60);
            awaitState(drill, Site.B, "shop", "SOLO");
            drill.judge(1);
        }
    }

    private static void theGuestsOwnGroupGoesAndComesAgain(JudgedLab drill) throws IOException {
        String all = text(drill, Site.A);
        // The host may speak for a VM that is in the file, and for no other.
        String withoutWeb = all.substring(0, all.indexOf("  - name: web")).replace("vms: [vm1]", "vms: [vm2]");
        // Where a request to the witness is open, a commit is refused and can be tried again.
        Waiting.until("the guest's group to go", LIMIT_SECONDS, () -> !ManagementClient.ask(
                        drill.lab().paths().management(Site.A),
                        "config",
                        Map.of("action", "commit", "text", withoutWeb))
                .has("error"));
        commit(drill, Site.A, all);
        Waiting.until("the guest to be a member", 120, () -> group(drill, Site.A, "web")
                .at("/vms/0/membership")
                .asText()
                .equals("MEMBER"));
        awaitState(drill, Site.A, "web", "PROTECTED");
        drill.requireService();
    }
}
