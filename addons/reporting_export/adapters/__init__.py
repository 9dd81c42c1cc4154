from . import folder, openlineage, warehouse
