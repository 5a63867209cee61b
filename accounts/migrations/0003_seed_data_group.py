"""The group of staff who edit data without being admins (DESIGN §2). An admin may change it afterwards."""

from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

GROUP = "Administración de datos"
PERMISSIONS = {
    "cartera": ["add", "change", "delete", "view"],
    "casestatus": ["add", "change", "delete", "view"],
    "activityresult": ["add", "change", "delete", "view"],
    "debtor": ["add", "change", "view"],
    "debtorphone": ["add", "change", "delete", "view"],
    "case": ["add", "change", "view"],
    # Whoever may add cases may import them.
    "importupload": ["add"],
    "importbatch": ["view"],
    # What hangs on a case is shown with it.
    "activity": ["view"],
    "ledgerentry": ["view"],
    "promise": ["view"],
}


def forwards(apps, schema_editor):
    using = schema_editor.connection.alias
    # Permissions are made after all migrations: these are needed now. Making them again later does nothing.
    create_permissions(installed_apps.get_app_config("cases"), verbosity=0, using=using, apps=apps)
    codenames = [f"{action}_{model}" for model, actions in PERMISSIONS.items() for action in actions]
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    group, _ = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=GROUP)
    group.permissions.add(*permissions.filter(content_type__app_label="cases", codename__in=codenames))


def backwards(apps, schema_editor):
    apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias).filter(name=GROUP).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_cache_table"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("cases", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
