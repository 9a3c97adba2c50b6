"""The names of product types (`dfc-pt:`), in the order of the alphabet: facts of the taxonomy 1.3.0, without its labels and its tree.

Types that are not here are read and written all the same: platforms add their own.
"""

from __future__ import annotations

_TABLE = """
    alcoholic-beverage almond aperitif apples apricot artichoke asparagus bakery basil bean beans beef beer beetroot berry biscuit
    blackberry blackcurrant blueberry bluefoot-mushroom bottled-fruit bottled-vegetable bread broccoli-cabbage brussels-sprouts
    butter butternut cabbage canned-fruit canned-vegetable cannedGoods carrot cauliflower celeriac celery-branch
    chanterelle-mushroom chard cherry cherry-tomato chervil chestnut chicken chicory chilli-pepper chinese-cabbage chive cider
    clementine cluster-tomato confectionery cooked-meat coriander corn-salad cosmetic coulemelle-mushroom courgette
    cow-dairy-product cream-cheese crepe-and-galette cress cucumber currant dairy-dessert dairy-product dandelion deaths-trumpet
    delicatessen digestive dill dried-fruit dried-vegetable dried_goods dried_herb drink duck egg eggplant endive fennel ferment
    festive-poultry fifth-range-vegetable fig fish fishery-product flake flavored-yogurt flour flower fourth-range-vegetable
    fresh-cheese fresh-cream fresh-meat frozen frozen-fruit frozen-meal frozen-meat frozen-vegetable fruit fruit-in-compote
    fruit-juice garlic girolle-mushroom goat-dairy-dessert goat-dairy-product goat-flavored-yogurt goat-fresh-cheese
    goat-mature-cheese goat-milk goat-natural-yogurt goat-sweet-yogurt goat-yogurt-on-a-bed-of-fruit goat-yogurt-with-fruits goose
    gooseberry grain grape green-garlic grilling-meat guinea-fowl hazelnut herb hierloom-squash hierloom-tomato honey inedible jam
    jerusalem-artichoke kale kale-cabbage kiwi kohlrabi lamb laurel leek lemon lemonade lentils lettuce local-grocery-store
    mandarin mature-cheese meat-product medlar melon mesclun milk milky-mushroom mint morel mousseron mushroom natural-yogurt
    nectarine non-local-fruit non-local-vegetable nut oil onion orange other-cheese other-dairy-product other-milk oyster-mushroom
    paris-mushroom parsley parsnip pasta pastry pattypan-squash peach pear peas pepper pie-pastry pigeon plant plum porcini pork
    potato poultry processed-fruit processed-vegetable prune pulse pumpkin purslane quail quince quinoa rabbit radish raspberry
    ready-meal red-cabbage rhubarb rice rocket romanesco rosemary round-tomato rutabaga sage salad salad-mix salsify salt salting
    savory-groceries savoy-cabbage seashell seed semolina shallot sheep-dairy-dessert sheep-dairy-product sheep-flavored-yogurt
    sheep-fresh-cheese sheep-mature-cheese sheep-milk sheep-natural-yogurt sheep-sweet-yogurt sheep-yogurt-on-a-bed-of-fruit
    sheep-yogurt-with-fruits sheepfoot-mushroom shellfish simmering-meat smooth-cabbage smoothie snack snails soft-drink soup
    spinach squash strawberry sweet-groceries sweet-yogurt tarragon thyme tomato truffle turkey turnip uchiki-kuri-squash veal
    vegetable venison viennoiserie- walnut wine yam yogurt-on-a-bed-of-fruit yogurt-with-fruits
"""
PRODUCT_TYPES = frozenset(_TABLE.split())
