package org.secondsite.management.rest;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.RefusedChange;

/**
 * What a switchover of a group would do, as far as the gateway knows now. What is decided is decided when it is ordered.
 *
 * @param site the gateway's own
 * @param group as its status has it
 */
record HandOver(String site, JsonObject group) {

    static HandOver of(String status, String name) throws RefusedChange {
        JsonObject told = JsonParser.parseString(status).getAsJsonObject();
        List<String> names = new ArrayList<>();
        for (JsonElement one : told.getAsJsonArray("groups")) {
            JsonObject group = one.getAsJsonObject();
            if (group.get("name").getAsString().equals(name)) {
                return new HandOver(told.get("site").getAsString(), group);
            }
            names.add(group.get("name").getAsString());
        }
        throw new RefusedChange(RefusedChange.Kind.INVALID, List.of("no group '" + name + "'; there are " + names));
    }

    private String text(String member) {
        return group.get(member).getAsString();
    }

    private List<String> vms() {
        List<String> names = new ArrayList<>();
        group.getAsJsonArray("vms")
                .forEach(vm -> names.add(vm.getAsJsonObject().get("name").getAsString()));
        return names;
    }

    List<ConfigPort.Effect> effects() {
        String standby = text("standby");
        String effect;
        if (!text("owner").equals(site)) {
            effect = "nothing: it is the owner that hands over, and that is " + text("owner");
        } else if (!isInSync(standby)) {
            effect = "nothing: site " + standby + " has not everything that was released";
        } else {
            effect = "VMs " + String.join(", ", vms()) + " stop here and go on at site " + standby
                    + " with all that they had, and so do their clients' connections";
        }
        return List.of(new ConfigPort.Effect(
                "group " + text("name"),
                "switchover",
                effect,
                false,
                effect.startsWith("nothing") ? List.of() : List.of("owner: " + site + " -> " + standby)));
    }

    private boolean isInSync(String standby) {
        JsonArray inSync = group.getAsJsonArray("inSync");
        return inSync.asList().stream().anyMatch(site -> site.getAsString().equals(standby));
    }
}
