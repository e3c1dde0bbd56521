package org.secondsite.management.rest;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.model.GatewayModel;

/** What a change would do, as an answer to a dry run. */
final class Impacts {
    private Impacts() {}

    static byte[] json(List<ConfigPort.Effect> effects) {
        JsonObject whole = new JsonObject();
        whole.add(GatewayModel.NAME + ":impact", impact(effects));
        return (whole + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Without what says of which module it is. */
    static JsonObject impact(List<ConfigPort.Effect> effects) {
        JsonArray changes = new JsonArray();
        for (ConfigPort.Effect effect : effects) {
            JsonObject change = new JsonObject();
            change.addProperty("subject", effect.subject());
            change.addProperty("kind", effect.kind());
            change.addProperty("effect", effect.effect());
            change.addProperty("needs-restart", effect.needsRestart());
            JsonArray differences = new JsonArray();
            effect.differences().forEach(differences::add);
            change.add("difference", differences);
            changes.add(change);
        }
        JsonObject impact = new JsonObject();
        impact.add("change", changes);
        return impact;
    }
}
