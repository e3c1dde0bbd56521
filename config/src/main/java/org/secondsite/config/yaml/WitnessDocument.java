package org.secondsite.config.yaml;

import java.util.ArrayList;
import java.util.List;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.WitnessConfig;

/** The keys of a witness's file and the rules between them. */
public final class WitnessDocument {
    private WitnessDocument() {}

    /** Reads a witness's file. */
    public static ConfigResult<WitnessConfig> read(Document document) {
        return document.read(WitnessDocument::config);
    }

    private static WitnessConfig config(Section root) {
        WitnessConfig config = new WitnessConfig(
                root.endpoint("listen"),
                root.file("dataDirectory"),
                TlsReading.read(root),
                root.integer("ownerFreshMs", 10, 60_000, 300),
                root.integer("maximumGrantDelayMs", 10, 600_000, 2000),
                groups(root));
        if (root.sound("ownerFreshMs", "maximumGrantDelayMs") && config.maximumGrantDelayMs() < config.ownerFreshMs()) {
            root.problem(
                    "maximumGrantDelayMs",
                    config.maximumGrantDelayMs() + " is less than ownerFreshMs " + config.ownerFreshMs()
                            + ": a standby would be granted while its owner is still fresh");
        }
        return config;
    }

    private static List<WitnessConfig.Group> groups(Section root) {
        Unique<GroupId> names = new Unique<>();
        List<WitnessConfig.Group> groups = new ArrayList<>();
        for (Section section : root.sections("groups")) {
            WitnessConfig.Group group = new WitnessConfig.Group(
                    section.value("name", GroupId::new),
                    section.list("sites", SiteId::new),
                    section.value("initialOwner", SiteId::new));
            names.add(group.id(), section, "name");
            if (section.sound("sites") && group.sites().size() != 2) {
                section.problem(
                        "sites", "a group has two sites, not " + group.sites().size());
            }
            if (section.sound("sites", "initialOwner") && !group.sites().contains(group.initialOwner())) {
                section.problem(
                        "initialOwner", group.initialOwner() + " is none of the group's sites " + group.sites());
            }
            groups.add(group);
        }
        return groups;
    }
}
