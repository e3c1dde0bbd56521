package org.secondsite.management.rest;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.Optional;
import org.secondsite.management.ConfigPort;

/** What ran before, as the operation {@code history} tells it. */
final class Past {
    private Past() {}

    static JsonObject json(ConfigPort.History history) {
        JsonArray revisions = new JsonArray();
        for (ConfigPort.Past past : history.revisions()) {
            JsonObject revision = new JsonObject();
            revision.addProperty("number", past.revision());
            revision.addProperty("at", past.at().toString());
            revision.addProperty("who", past.who());
            revision.addProperty("reason", past.reason());
            JsonArray differences = new JsonArray();
            past.differences().forEach(differences::add);
            revision.add("differences", differences);
            revisions.add(revision);
        }
        JsonObject json = new JsonObject();
        json.add("revisions", revisions);
        waiting(json, history.unconfirmed());
        return json;
    }

    /** Adds what waits to be confirmed, if something does. */
    static void waiting(JsonObject json, Optional<ConfigPort.Waiting> unconfirmed) {
        unconfirmed.ifPresent(waiting -> {
            JsonObject told = new JsonObject();
            told.addProperty("revision", waiting.revision());
            told.addProperty("back-to", waiting.backTo());
            told.addProperty("confirm-by", waiting.confirmBy().toString());
            json.add("unconfirmed", told);
        });
    }
}
